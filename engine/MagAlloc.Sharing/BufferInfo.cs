namespace MagAlloc.Sharing;

/// <summary>What is known of a live buffer.</summary>
public readonly record struct BufferInfo
{
    /// <summary>Its index in the queue.</summary>
    public int Index { get; internal init; }

    /// <summary>Its length in bytes: what was asked for, in whole pages.</summary>
    public long Length { get; internal init; }

    /// <summary>What it promises.</summary>
    public BufferProfile Profile { get; internal init; }

    /// <summary>Where it is.</summary>
    public BufferState State { get; internal init; }

    /// <summary>Whether an importer holds it, or a process that an importer passed it on to (<c>V4L2_BUF_FLAG_MAPPED</c>).</summary>
    public bool IsHeld { get; internal init; }

    /// <summary>Whether its contents can change no more.</summary>
    public bool IsFrozen { get; internal init; }

    /// <summary>Whether huge pages were asked for and all of it has them.</summary>
    public bool HasHugePages { get; internal init; }

    /// <summary>Connected importers that it is exported to.</summary>
    public int Importers { get; internal init; }

    /// <summary>The number of its last frame; 0: it was never queued.</summary>
    public long Sequence { get; internal init; }
}
