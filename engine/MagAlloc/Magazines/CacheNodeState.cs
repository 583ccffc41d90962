namespace MagAlloc.Magazines;

/// <summary>States of a <see cref="CacheNode"/>.</summary>
internal enum CacheNodeState
{
    Free,
    Adopting,
    Live,
    Draining,
    Orphan,
    Gone,
}
