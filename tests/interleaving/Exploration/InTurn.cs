namespace MagAlloc.Interleaving.Exploration;

/// <summary>Each thread runs until it ends, in the order of their numbers, or, taking turns, <c>n</c> steps at a time.</summary>
internal sealed class InTurn : IStrategy
{
    private readonly int _stepsEach;
    private int _taken;

    public InTurn(int stepsEach)
    {
        _stepsEach = stepsEach;
    }

    /// <inheritdoc/>
    public void Begin(int threads) => _taken = 0;

    /// <inheritdoc/>
    public int Choose(ReadOnlySpan<Move> moves, int current, bool mustYield)
    {
        if (current < 0)
        {
            _taken = 0;
            return 0;
        }

        bool alone = moves.Length == 1 || !moves[1].IsRun;
        if (alone || (!mustYield && ++_taken < _stepsEach))
        {
            return 0;
        }

        // The next higher number, or the lowest.
        _taken = 0;
        for (int i = 1; i < moves.Length && moves[i].IsRun; i++)
        {
            if (moves[i].Thread > current)
            {
                return i;
            }
        }

        return 1;
    }
}
