namespace MagAlloc.Magazines;

/// <summary>What a <see cref="CacheNode"/> was when somebody looked: its state and its generation, in one word.</summary>
/// <param name="Word">State in the low eight bits, generation above.</param>
internal readonly record struct CacheTicket(long Word)
{
    private const int GenerationShift = 8;
    private const long StateMask = (1 << GenerationShift) - 1;

    public CacheNodeState State => (CacheNodeState)(Word & StateMask);

    /// <summary>Counts the threads that the node has belonged to.</summary>
    public long Generation => Word >> GenerationShift;

    /// <summary>The same generation in another state.</summary>
    public CacheTicket In(CacheNodeState state) => new((Word & ~StateMask) | (long)state);

    /// <summary>The next generation, in the hands of the thread that takes the node over.</summary>
    public CacheTicket Adopted() => new(((Generation + 1) << GenerationShift) | (long)CacheNodeState.Adopting);
}
