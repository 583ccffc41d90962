namespace MagAlloc.Sharing;

/// <summary>Pages behind a buffer.</summary>
public enum BufferPages
{
    /// <summary>Of the system's usual size.</summary>
    Normal,

    /// <summary>
    /// Huge ones where the kernel can make them (<c>MADV_COLLAPSE</c>); others where it cannot: <see cref="BufferInfo.HasHugePages"/> tells. Sizes
    /// are rounded up to 2 MiB.
    /// </summary>
    TransparentHuge,

    /// <summary>
    /// Out of the pool of huge pages that the administrator has reserved (<c>vm.nr_hugepages</c>), or none. Sizes are rounded up to the
    /// pool's page size. For <see cref="BufferProfile.Immutable"/> and <see cref="BufferProfile.Revocable"/> buffers: a stable one must read as zeros when its
    /// pages are gone, and the pool may have none left for that.
    /// </summary>
    ReservedHuge,
}
