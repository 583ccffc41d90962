using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>
/// What wakes a queue's two sleepers: the owner that waits for a frame, and the caretaker. May be rung by anybody; the
/// rest is guarded by the queue's lock.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class QueueBells : IDisposable
{
    /// <exception cref="BufferException">A step was refused; nothing is left behind.</exception>
    public QueueBells(string queue, FaultPlan? faults)
    {
        Caretaker = Create(queue, faults);
        try
        {
            Owner = Create(queue, faults);
        }
        catch
        {
            Caretaker.Dispose();
            throw;
        }
    }

    public FileDescriptor Caretaker { get; }

    public FileDescriptor Owner { get; }

    /// <summary>When the caretaker wakes if nobody rings.</summary>
    public long CareUntil { get; set; }

    /// <summary>Something that was released may be held by nobody any more.</summary>
    public bool IsProbeDue { get; set; }

    public void RingCaretaker() => Doorbell.Ring(Caretaker);

    public void RingOwner() => Doorbell.Ring(Owner);

    /// <summary>Has the caretaker look whether what was released is still held.</summary>
    public void Probe()
    {
        IsProbeDue = true;
        RingCaretaker();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Caretaker.Dispose();
        Owner.Dispose();
    }

    private static FileDescriptor Create(string queue, FaultPlan? faults)
        => (FileSteps.Fails(faults, FaultPoint.WakeUp) ? null : Doorbell.Create()) ?? throw BufferException.LastRefused(queue, "eventfd");
}
