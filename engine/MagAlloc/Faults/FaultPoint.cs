namespace MagAlloc.Diagnostics;

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

    /// <summary>A memory file is made, or restricted to its user.</summary>
    MemoryFile,

    /// <summary>A memory file is given its length, or memory behind it; memory for a request of 8 MiB or more is claimed.</summary>
    FileLength,

    /// <summary>A memory file is sealed.</summary>
    FileSeal,

    /// <summary>A memory file is opened again, for an importer or to ask whether it is held.</summary>
    FileOpen,

    /// <summary>A file is mapped.</summary>
    FileMap,

    /// <summary>The kernel is asked whether another description of a file is open.</summary>
    FileLease,

    /// <summary>Closes of a file are to be told.</summary>
    FileWatch,

    /// <summary>The pages of a memory file are dropped.</summary>
    HolePunch,

    /// <summary>A descriptor to wake a waiting thread with is made.</summary>
    WakeUp,

    /// <summary>A socket is made, bound, connected or accepted.</summary>
    Socket,

    /// <summary>A message is sent, with a descriptor or without.</summary>
    Message,

    /// <summary>The process at a socket's other end is asked for.</summary>
    PeerProcess,

    /// <summary>A heap, pool, cache, domain or queue is put on the list that events and instruments read, or taken off it.</summary>
    Listing,

    /// <summary>The lock file beside a socket's path is opened, or locked.</summary>
    PathLock,

    /// <summary>The device that makes dma-bufs is opened, makes one, or one is duplicated.</summary>
    DmaBuf,
}
