namespace MagAlloc;

/// <summary>
/// The kinds of step that can fail while MagAlloc builds or grows something. A <see cref="FaultPlan"/> can be restricted to
/// some of them.
/// </summary>
public enum FaultPoint
{
    /// <summary>Address space is reserved.</summary>
    Reserve,

    /// <summary>Reserved memory is made usable.</summary>
    Commit,

    /// <summary>Memory for the engine's own tables is obtained.</summary>
    Metadata,

    /// <summary>A magazine is obtained.</summary>
    Magazine,

    /// <summary>A thread's cache is built.</summary>
    ThreadCache,

    /// <summary>The reclaim worker is started.</summary>
    WorkerStart,

    /// <summary>A run is claimed from the range allocator.</summary>
    RangeClaim,

    /// <summary>A slab is made out of a chunk.</summary>
    SlabCreate,

    /// <summary>A resource source is asked for a batch.</summary>
    SourceAcquire,

    /// <summary>A user's constructor is run on a new item.</summary>
    Constructor,
}
