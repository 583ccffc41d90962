namespace MagAlloc.Magazines;

/// <summary>A thread's two magazines of one class, each held by its top-of-stack pointer.</summary>
/// <remarks>
/// Allocation pops from <see cref="Loaded"/>, free pushes onto <see cref="Previous"/>; the two change places when the one
/// is empty and the other is not, or the other is full. Keeping them apart cuts the chain of loads and stores that an
/// allocation would otherwise wait for after every free.
/// </remarks>
internal unsafe struct CacheEntry
{
    /// <summary>Top of the magazine that allocation pops from.</summary>
    public nuint* Loaded;

    /// <summary>Top of the magazine that free pushes onto.</summary>
    public nuint* Previous;
}
