using System.Runtime.InteropServices;
using MagAlloc.Platform;

namespace MagAlloc.Sharing;

/// <summary>An operation on buffers was refused. Unless a member says otherwise nothing has changed.</summary>
public sealed class BufferException : Exception
{
    internal BufferException(BufferError error, string message)
        : base(message)
    {
        Error = error;
    }

    /// <summary>Why; the value is Linux's error number.</summary>
    public BufferError Error { get; }

    /// <summary>With <see cref="BufferError.QuotaExceeded"/>, <see cref="BufferError.NoBuffers"/> and, for want of headroom,
    /// <see cref="BufferError.TooManyFiles"/>: which quota, what is used of it, and its limit.</summary>
    public QuotaRefusal? Quota { get; private init; }

    /// <summary>When a strict release met held buffers: the processes that hold them. Else empty.</summary>
    public IReadOnlyList<BufferHolder> Holders { get; private init; } = [];

    /// <summary>When a release could not revoke an immutable buffer, or one that is in a dma-buf: what it did with all buffers.</summary>
    public ReleaseResult? Released { get; private init; }

    internal static BufferException Exceeded(string queue, BufferError error, QuotaRefusal quota)
        => new(error, $"{queue}: {Describe(quota)}")
        {
            Quota = quota,
        };

    internal static BufferException Held(string queue, IReadOnlyList<BufferHolder> holders)
        => new(
            BufferError.Busy,
            $"{queue}: importers hold buffers ({string.Join(", ", holders.Select(Describe))}). Nothing was released; release them as orphans, or revoke them.")
        {
            Holders = holders,
        };

    internal static BufferException NotRevoked(string queue, ReleaseResult released, int unrevocable)
        => new(
            BufferError.NotPermitted,
            $"{queue}: {unrevocable} buffers that are immutable, or in a dma-buf, cannot be revoked while they are held; they are orphans now. All others were released.")
        {
            Released = released,
        };

    /// <summary>The system refused a call.</summary>
    internal static BufferException Refused(string queue, string call, int error)
        => new((BufferError)error, $"{queue}: {call} failed: {Marshal.GetPInvokeErrorMessage(error).TrimEnd('.')} (error {error}).");

    /// <summary>The system refused the call that this thread made last.</summary>
    internal static BufferException LastRefused(string queue, string call) => Refused(queue, call, VirtualMemory.LastError);

    private static string Describe(BufferHolder holder)
        => holder.ProcessId == 0 ? $"{holder.Index}: somebody unknown" : $"{holder.Index}: process {holder.ProcessId}";

    private static string Describe(QuotaRefusal quota)
    {
        string what = quota.Quota switch
        {
            BufferQuota.Buffers => $"live buffers ({nameof(BufferQueueOptions.MaxBuffers)})",
            BufferQuota.ReleasedBuffers => $"buffers with the released ones that are still held ({nameof(BufferQueueOptions.MaxBuffers)} + {nameof(BufferQueueOptions.MaxReleased)})",
            BufferQuota.LiveBytes => $"live bytes ({nameof(BufferQueueOptions.ByteLimit)})",
            BufferQuota.OrphanedBytes => $"bytes with orphans ({nameof(BufferQueueOptions.OrphanByteLimit)})",
            BufferQuota.ImporterBuffers => $"buffers of this importer ({nameof(BufferQueueOptions.ImporterBuffers)})",
            BufferQuota.ImporterBytes => $"bytes of this importer ({nameof(BufferQueueOptions.ImporterBytes)})",
            BufferQuota.ImporterUnread => $"exports that this importer has not read ({nameof(BufferQueueOptions.ImporterUnread)})",
            _ => $"descriptors with {nameof(BufferQueueOptions.DescriptorHeadroom)} kept free",
        };
        return $"{quota.Requested} more than the {quota.Used} that are used would exceed the limit of {quota.Limit} {what}.";
    }
}
