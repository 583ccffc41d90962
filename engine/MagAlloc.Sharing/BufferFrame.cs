using System.Runtime.Versioning;

namespace MagAlloc.Sharing;

/// <summary>A buffer that was handed to an importer, until it is acknowledged.</summary>
[SupportedOSPlatform("linux")]
public readonly struct BufferFrame
{
    /// <summary>The buffer.</summary>
    public BufferImport Buffer { get; init; }

    /// <summary>The frame's number, from the owner's <see cref="BufferQueue.Queue"/>; always above the one before, with gaps where frames went to others.</summary>
    public long Sequence { get; init; }

    /// <summary>Bytes of the buffer that mean something.</summary>
    public long BytesUsed { get; init; }

    /// <summary>Nothing follows until the owner starts its stream anew.</summary>
    public bool IsLast { get; init; }

    /// <summary>When the owner queued it, on the clock of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long Timestamp { get; init; }

    /// <summary>What is in it: the used bytes, in place.</summary>
    /// <exception cref="BufferException">
    /// As <see cref="BufferImport.GetSpan"/>: more than 2 GiB are <see cref="BufferError.Invalid"/>, and read in parts.
    /// </exception>
    public ReadOnlySpan<byte> Span => Buffer is null ? [] : Buffer.GetSpan(0, BytesUsed <= int.MaxValue ? (int)BytesUsed : -1);
}
