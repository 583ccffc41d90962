namespace MagAlloc.Magazines;

/// <summary>Where magazines get their resources and bring them back: slabs, a pool, a user's source.</summary>
/// <remarks>A struct, passed as a type argument, so that every call is direct. Called from any thread at any time.</remarks>
internal unsafe interface IMagazineSource
{
    /// <summary>
    /// Whether <see cref="Release"/> runs a user's code, which must not happen on the finalizer thread: caches of dead
    /// threads then wait for the next pass.
    /// </summary>
    static abstract bool RunsUserCode { get; }

    /// <summary>Whether requests may name the highest resource that will do. Full magazines then carry their lowest resource with them.</summary>
    static virtual bool KeepsLowest => false;

    /// <summary>
    /// Whether a thread may empty the cache of another living one. The owner's
    /// fast path must then look at <see cref="ThreadCache.EngineId"/> once more behind each of its steps.
    /// </summary>
    static virtual bool IsVisited => false;

    /// <summary>
    /// Whether allocations may be sampled. Then a class's weight is
    /// its blocks' bytes, and every slow step looks whether its cache samples.
    /// </summary>
    static virtual bool IsSampled => false;

    /// <summary>Upper bound on the weight (<see cref="MagazineClass.Weight"/>) of all full magazines in depots.</summary>
    long DepotBudget { get; }

    /// <summary>Takes up to <paramref name="count"/> resources of one class out of the source.</summary>
    /// <returns>How many were written to <paramref name="into"/>; 0 when the source is exhausted. None of them is 0.</returns>
    int Acquire(int code, nuint* into, int count);

    /// <summary>As <see cref="Acquire"/>, but no resource above <paramref name="highest"/>.</summary>
    int AcquireBelow(int code, nuint highest, nuint* into, int count) => throw new NotSupportedException();

    /// <summary>Takes resources back. May reorder <paramref name="resources"/>.</summary>
    void Release(int code, nuint* resources, int count);
}
