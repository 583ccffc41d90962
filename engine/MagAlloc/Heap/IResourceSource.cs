namespace MagAlloc;

/// <summary>Where a <see cref="MagazineCache{TSource}"/> gets its resources: descriptors, ids, device slots, ranges.</summary>
/// <remarks>
/// A resource is any 64-bit number but <see cref="ulong.MaxValue"/>. Both methods are called from any thread, several at a
/// time, and on the reclaim worker. The cache calls them once for up to 127 resources.
/// </remarks>
public interface IResourceSource
{
    /// <summary>Takes up to <c>resources.Length</c> resources.</summary>
    /// <param name="resources">Filled from the front.</param>
    /// <returns>How many; 0 when there is none. An exception passes through to the caller of the cache; nothing is taken then.</returns>
    int Acquire(Span<ulong> resources);

    /// <summary>Takes resources back. Must not throw.</summary>
    /// <param name="resources">What earlier calls of <see cref="Acquire"/> gave.</param>
    void Release(ReadOnlySpan<ulong> resources);
}
