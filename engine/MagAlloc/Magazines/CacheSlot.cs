namespace MagAlloc.Magazines;

/// <summary>The cache that this thread used last, one variable for each kind of source.</summary>
/// <remarks>
/// No static constructor and no other statics beside it: then a read is one access to the thread's block. The reader
/// compares <see cref="ThreadCache.EngineId"/>; on a mismatch <see cref="ThreadRecord"/> knows all caches of the thread.
/// The memory behind the pointer is recycled only by its own thread, so it is never dangling.
/// </remarks>
/// <typeparam name="TSource">The source whose engines share the variable.</typeparam>
internal static unsafe class CacheSlot<TSource>
    where TSource : struct, IMagazineSource
{
    [ThreadStatic]
    internal static ThreadCache* t_last;
}
