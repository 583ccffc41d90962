namespace MagAlloc.Bench.Contenders;

/// <summary>Where a workload about several heaps has them from.</summary>
/// <param name="Own">The contender's own heap.</param>
/// <param name="More">Makes another one; null for an allocator that has one: then that is what everybody gets.</param>
internal sealed record HeapMaker<TContender>(TContender Own, Func<OwnedHeap<TContender>>? More)
{
    public OwnedHeap<TContender> Make() => More is null ? new OwnedHeap<TContender>(Own, null) : More();

    /// <summary>The same heaps, opened in another way.</summary>
    public HeapMaker<TOther> As<TOther>(Func<TContender, TOther> wrap) =>
        new(wrap(Own), More is null ? null : () => More() is var made ? new OwnedHeap<TOther>(wrap(made.Contender), made.Owner) : default);
}
