namespace MagAlloc.Interleaving.Exploration;

/// <summary>Chooses what happens next.</summary>
internal interface IStrategy
{
    /// <summary>Called before the first step of every schedule.</summary>
    void Begin(int threads);

    /// <param name="moves">What may happen; runs first, and the current thread's run, if it may run, first of all.</param>
    /// <param name="current">The thread that asks, or -1: it has ended.</param>
    /// <param name="mustYield">The current thread waits for somebody: going on with another one is no preemption.</param>
    /// <returns>An index into <paramref name="moves"/>.</returns>
    int Choose(ReadOnlySpan<Move> moves, int current, bool mustYield);
}
