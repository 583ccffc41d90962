namespace MagAlloc.Interleaving.Exploration;

/// <summary>
/// Random schedules out of a seed: half of them random walks, half by random priorities that change at a few random steps
/// (PCT: Burckhardt and others, ASPLOS 2010).
/// </summary>
internal sealed class RandomPriorities : IStrategy
{
    private const int Changes = 3;

    private readonly Random _random;
    private readonly int _expectedSteps;
    private readonly bool _walks;
    private readonly int[] _changes = new int[Changes];
    private int[] _priorities = [];
    private int _step;
    private int _lowest;

    public RandomPriorities(ulong seed, int expectedSteps)
    {
        _random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        _expectedSteps = Math.Max(1, expectedSteps);
        _walks = seed % 2 == 0;
    }

    /// <inheritdoc/>
    public void Begin(int threads)
    {
        _priorities = Enumerable.Range(0, threads).ToArray();
        _random.Shuffle(_priorities);
        for (int i = 0; i < Changes; i++)
        {
            _changes[i] = _random.Next(_expectedSteps);
        }
    }

    /// <inheritdoc/>
    public int Choose(ReadOnlySpan<Move> moves, int current, bool mustYield)
    {
        int runs = 0;
        while (runs < moves.Length && moves[runs].IsRun)
        {
            runs++;
        }

        if (runs < moves.Length && _random.Next(4) == 0)
        {
            return _random.Next(runs, moves.Length);
        }

        _step++;
        if (_walks)
        {
            return mustYield ? _random.Next(1, runs) : current >= 0 && _random.Next(3) != 0 ? 0 : _random.Next(runs);
        }

        if (current >= 0 && (mustYield || Array.IndexOf(_changes, _step) >= 0))
        {
            _priorities[current] = --_lowest;
        }

        int best = 0;
        for (int i = 1; i < runs; i++)
        {
            if (_priorities[moves[i].Thread] > _priorities[moves[best].Thread])
            {
                best = i;
            }
        }

        return best;
    }
}
