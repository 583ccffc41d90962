using System.Runtime.Versioning;

namespace MagAlloc.Sharing;

/// <summary>What is to be done to buffers outside of the queue's lock by whoever moved them there; and what a release did.</summary>
[SupportedOSPlatform("linux")]
internal sealed class ReleaseWork
{
    /// <summary>To be closed: nobody holds them.</summary>
    public List<SharedBuffer> Closing { get; } = [];

    /// <summary>To lose their pages.</summary>
    public List<SharedBuffer> Revoking { get; } = [];

    /// <summary>Importers that have something of what was released.</summary>
    public HashSet<BufferPeer> Concerned { get; } = [];

    /// <summary>Whose mapping ends.</summary>
    public List<SharedBuffer> Unmapping { get; } = [];

    public int Freed { get; set; }

    public int Orphaned { get; set; }

    public long OrphanedBytes { get; set; }

    public int Revoked { get; set; }

    /// <summary>Immutable ones among the orphans, although they were to be revoked.</summary>
    public int Unrevocable { get; set; }

    public bool IsEmpty => Closing.Count == 0 && Revoking.Count == 0 && Unmapping.Count == 0;

    public ReleaseResult Result => new(Freed, Orphaned, OrphanedBytes, Revoked);
}
