namespace MagAlloc.Interleaving.Exploration;

/// <summary>One given schedule; where it does not fit or has ended, the current thread goes on.</summary>
internal sealed class Replay : IStrategy
{
    private readonly List<Move> _moves;
    private int _next;

    public Replay(string schedule)
    {
        _moves = Schedule.Read(schedule);
    }

    /// <inheritdoc/>
    public void Begin(int threads) => _next = 0;

    /// <inheritdoc/>
    public int Choose(ReadOnlySpan<Move> moves, int current, bool mustYield)
    {
        int wanted = _next < _moves.Count ? moves.IndexOf(_moves[_next]) : -1;
        _next++;
        return wanted >= 0 ? wanted : mustYield ? 1 : 0;
    }
}
