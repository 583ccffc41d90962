using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>What this system lets a queue know, found out by trying it on a file of its own.</summary>
/// <remarks>
/// That a lease is refused while others hold a memory file, and that inotify tells when they let go, follows from how the kernel is made, not
/// from a promise. So each queue tries it, and each failure has its fall-back: see <see cref="BufferTracking"/>.
/// </remarks>
[SupportedOSPlatform("linux")]
internal readonly record struct SharingSupport
{
    /// <summary>Files can be opened again: there is a <c>/proc</c>. Without it importers get the owner's own description, for writing or frozen.</summary>
    public bool CanReopen { get; private init; }

    /// <summary>A lease tells whether somebody else has opened the file.</summary>
    public bool CanAsk { get; private init; }

    /// <summary>What there is together, with or without a working watcher.</summary>
    public BufferTracking Tracking(bool canWatch) => !CanAsk ? BufferTracking.Cooperative : canWatch ? BufferTracking.Exact : BufferTracking.Polled;

    /// <exception cref="BufferException">There are no memory files here at all.</exception>
    public static SharingSupport Probe(string queue, FaultPlan? faults)
    {
        using FileDescriptor file = FileSteps.Create(queue, "probe", reservedHugePages: false, faults);
        using FileDescriptor? oracle = Reopen(file, writable: true, faults);
        if (oracle is null)
        {
            return default;
        }

        bool isFree = !FileSteps.Fails(faults, FaultPoint.FileLease) && MemoryFiles.AskLease(oracle) == LeaseAnswer.Free;
        using FileDescriptor? other = Reopen(file, writable: false, faults);
        bool isHeld = isFree && other is not null && MemoryFiles.AskLease(oracle) == LeaseAnswer.Held;
        return new SharingSupport { CanReopen = other is not null, CanAsk = isHeld };
    }

    private static FileDescriptor? Reopen(FileDescriptor file, bool writable, FaultPlan? faults)
        => FileSteps.Fails(faults, FaultPoint.FileOpen) ? null : MemoryFiles.Reopen(file, writable);
}
