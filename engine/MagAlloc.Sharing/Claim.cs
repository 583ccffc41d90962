using System.Runtime.Versioning;

namespace MagAlloc.Sharing;

/// <summary>One importer's claim on one buffer: what the protocol knows. Guarded by the queue's lock.</summary>
[SupportedOSPlatform("linux")]
internal sealed class Claim(SharedBuffer buffer, BufferPeer peer)
{
    public SharedBuffer Buffer { get; } = buffer;

    public BufferPeer Peer { get; } = peer;

    /// <summary>May write, and so say how much of a frame is used.</summary>
    public bool IsWritable { get; init; }

    /// <summary>The export lies in the importer's socket.</summary>
    public bool IsUnread { get; set; } = true;

    /// <summary>The importer says that it has let go, and the kernel says that somebody has not.</summary>
    public bool IsDisputed { get; set; }

    /// <summary>When it was noticed that the kernel does not see it.</summary>
    public long SuspectedAt { get; set; }

    /// <summary>The frame that it has not acknowledged; 0: none.</summary>
    public long Pending { get; set; }

    /// <summary>The importer is promised that frame, and has not got it yet.</summary>
    public bool IsInLine { get; set; }
}
