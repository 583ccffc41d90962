using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>What a worker of <see cref="MstressWorkload"/> needs, made once so that a round allocates nothing managed.</summary>
internal sealed class MstressWorker<TBlock>(int number)
    where TBlock : struct, IBlock
{
    private const int Scale = 50;
    private const int AllocationsPerScale = 100;
    private const int LargestShare = 8;

    /// <summary>Short-lived and exchanged blocks; a place is used once in a round.</summary>
    public TBlock[] List { get; } = new TBlock[AllocationsPerScale * Scale * ((number % LargestShare) + 1)];

    /// <summary>Blocks kept until the worker's end.</summary>
    public TBlock[] Retained { get; } = new TBlock[AllocationsPerScale * Scale * ((number % LargestShare) + 1) / 2];

    /// <summary>Goes on from round to round.</summary>
    public XorShift64 Random { get; set; } = XorShift64.Numbered(number);

    /// <summary>Allocations of one round.</summary>
    public int Allocations => List.Length + Retained.Length;
}
