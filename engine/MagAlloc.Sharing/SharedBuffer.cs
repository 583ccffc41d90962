using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>A buffer as the queue knows it. Guarded by the queue's lock.</summary>
/// <remarks>
/// Where it is (<see cref="Phase"/>, <see cref="State"/>, and who counts for what) is moved by the
/// <see cref="BufferLedger"/> alone.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class SharedBuffer(BufferFormat format, BufferMemory memory)
{
    public BufferFormat Format => format;

    public BufferMemory Memory => memory;

    public long Bytes => format.Bytes;

    public BufferPhase Phase { get; set; }

    /// <summary>In the queue while it is live; after that in messages only.</summary>
    public int Index { get; set; }

    /// <summary>Place on the control page, kept until it is reclaimed.</summary>
    public int Slot { get; set; }

    public uint Generation { get; set; }

    public BufferState State { get; set; }

    public long Sequence { get; set; }

    /// <summary>When the owner queued it.</summary>
    public long QueuedAt { get; set; }

    /// <summary>What importers are told, however many have acknowledged it already.</summary>
    public long QueuedBytes { get; set; }

    /// <summary>What the owner gets back: an importer that may write can have changed it.</summary>
    public long BytesUsed { get; set; }

    public bool IsLast { get; set; }

    /// <summary>Importers that have the frame, or are promised it, and have not acknowledged it.</summary>
    public int Pending { get; set; }

    /// <summary>One of them never will.</summary>
    public bool HasFailed { get; set; }

    /// <summary>The frame was nobody's.</summary>
    public bool IsSkipped { get; set; }

    public List<Claim> Claims { get; } = [];

    /// <summary>Nobody else can hold what was never exported: no need to ask.</summary>
    public bool WasExported { get; set; }

    /// <summary>
    /// It was held when an importer left: perhaps by that one still, or by whom it passed it on to, and not by those
    /// who have claims.
    /// </summary>
    public bool HasStrays { get; set; }

    /// <summary>An importer had it and the lease did not see it: what the lease says of it is worth nothing.</summary>
    public bool IsUntracked { get; set; }

    /// <summary>Number at the watcher; -1: not watched.</summary>
    public int Watch { get; set; } = -1;

    /// <summary>Duplicates of the dma-bufs over it. Stable buffers only.</summary>
    public List<FileDescriptor> DmaBufs { get; } = [];

    /// <summary>Its pages can be dropped, for the kernel allows it and no driver has them.</summary>
    public bool IsRevocable => Format.Profile != BufferProfile.Immutable && DmaBufs.Count == 0;

    /// <summary>Uses of the owner's mapping that must end before it is unmapped.</summary>
    public int Pins { get; set; }

    /// <summary>It was held when it was released.</summary>
    public bool WasOrphan { get; set; }

    /// <summary>It has not been revoked.</summary>
    public bool HasPages { get; set; } = true;

    public long ReleasedAt { get; set; }

    /// <summary>The system refused to drop its pages; not to be tried again before.</summary>
    public long RetryAt { get; set; }

    /// <summary>When its pages are dropped if it is still held then; <see cref="long.MaxValue"/>: never.</summary>
    public long RevokeAt { get; set; } = long.MaxValue;

    /// <summary>Lets go of everything. Idempotent.</summary>
    public void Close()
    {
        DmaBufs.ForEach(dmaBuf => dmaBuf.Dispose());
        memory.Close();
    }
}
