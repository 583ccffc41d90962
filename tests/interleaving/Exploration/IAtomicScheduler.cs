namespace MagAlloc.Concurrency;

/// <summary>Decides, step by step, which thread of an interleaving test runs next.</summary>
internal interface IAtomicScheduler
{
    /// <summary>
    /// Called before every atomic access. Returns when the thread may make it; never returns for a thread that the
    /// test has stopped for good. A store or read-modify-write first empties the thread's store buffer.
    /// </summary>
    void Step(AtomicOperation operation);

    /// <summary>
    /// Offers a relaxed store. The scheduler may keep it and make it visible at any later moment, in any order, but no
    /// later than the thread's next store or read-modify-write. Locations are in native memory, so that they can be kept.
    /// </summary>
    bool HoldStore(ref nuint location, nuint value);
}
