namespace MagAlloc.Concurrency;

/// <summary>
/// Connects a thread of an interleaving test with its scheduler: what <see cref="Atomic"/> calls when it is compiled with <c>MAGALLOC_SEAM</c>.
/// </summary>
internal static class AtomicSeam
{
    /// <summary>The scheduler of this thread; null lets the thread run freely.</summary>
    [ThreadStatic]
    internal static IAtomicScheduler? t_scheduler;

    public static void Step(AtomicOperation operation) => t_scheduler?.Step(operation);

    /// <returns>True when the scheduler took the store into the thread's store buffer.</returns>
    public static bool HoldStore(ref nuint location, nuint value)
    {
        IAtomicScheduler? scheduler = t_scheduler;
        return scheduler is not null && scheduler.HoldStore(ref location, value);
    }
}
