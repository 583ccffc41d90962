using System.Runtime.Versioning;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>
/// Who holds a buffer: what importers say, and what the kernel says to that. Guarded by the queue's lock.
/// </summary>
/// <remarks>
/// <b>Dma-bufs.</b> What a driver has through one no lease sees and no hole reaches: the dma-buf itself holds the
/// pages. So the queue keeps a duplicate of each, of which the kernel tells how many have it; while that is anybody
/// else the buffer is held, and cannot be revoked. Nothing tells of the end: the caretaker asks now and then, as it
/// does about leases.
/// </remarks>
[SupportedOSPlatform("linux")]
internal sealed class BufferHolders(string queue, FrameStream stream, QueueBells bells, CloseWatch? closes, FaultPlan? faults) : IDisposable
{
    // Much longer than it takes an importer from closing a buffer to saying so.
    private static readonly TimeSpan s_doubt = TimeSpan.FromMilliseconds(100);

    private readonly List<Claim> _suspects = [];
    private readonly List<Claim> _disputed = [];
    private long _nextDmaBufLook;

    /// <summary>Can become <see cref="BufferTracking.Polled"/> when the system has no watches left.</summary>
    public BufferTracking Tracking { get; private set; } = closes is null ? BufferTracking.Polled : BufferTracking.Exact;

    public int DmaBufs { get; private set; }

    public long FalseReleases { get; private set; }

    public long UntrackedExports { get; private set; }

    internal DmaBufCalls DmaBufCalls { get; set; } = DmaBufCalls.Kernel;

    /// <summary>When the doubtful must be looked at again, at a time.</summary>
    public long NextLook(long now)
    {
        long dmaBufs = DmaBufs != 0 ? Math.Max(_nextDmaBufLook, now) : long.MaxValue;
        return _suspects.Count != 0 || _disputed.Count != 0 ? Math.Min(dmaBufs, now + Ticks.Of(s_doubt)) : dmaBufs;
    }

    /// <summary>
    /// Whether a description of some buffer's file has ended since this was asked last: perhaps the last one that an
    /// importer had. Without the lock.
    /// </summary>
    public bool TakeCloses() => closes is not null && closes.TakeNews();

    /// <summary>
    /// Sees to it that closes of the file are told. Where there is no watch left, leases are asked at intervals from
    /// now on.
    /// </summary>
    public void Watch(SharedBuffer buffer)
    {
        if (Tracking != BufferTracking.Exact || buffer.Watch >= 0)
        {
            return;
        }

        buffer.Watch = FileSteps.Fails(faults, FaultPoint.FileWatch) ? -1 : closes!.Add(buffer.Memory.File);
        if (buffer.Watch < 0)
        {
            Tracking = BufferTracking.Polled;
        }
    }

    /// <summary>Before its file is closed. Without the lock, by whom the buffer belongs to.</summary>
    public void Unwatch(SharedBuffer buffer)
    {
        if (buffer.Watch >= 0)
        {
            closes!.Remove(buffer.Watch);
        }
    }

    /// <summary>
    /// Whether anybody but the owner holds a buffer. The kernel's answer where it gives one, whatever importers say;
    /// else what they say.
    /// </summary>
    public bool IsHeld(SharedBuffer buffer)
    {
        if (buffer.Pins != 0 && buffer.Phase != BufferPhase.Live)
        {
            // By the owner itself: a release must not take memory from under a pin.
            return true;
        }

        if (IsInDmaBuf(buffer))
        {
            return true;
        }

        if (!buffer.WasExported)
        {
            return false;
        }

        return Ask(buffer) switch
        {
            LeaseAnswer.Free when !buffer.IsUntracked => false,
            LeaseAnswer.Held => true,

            // A disputed claim was given up in words: it lasts while the kernel sees somebody.
            _ => buffer.Claims.Any(claim => !claim.IsDisputed),
        };
    }

    /// <summary>Importers that claim buffers; where nobody does, somebody unknown.</summary>
    public static List<BufferHolder> Name(IEnumerable<SharedBuffer> held)
    {
        List<BufferHolder> holders = [];
        foreach (SharedBuffer buffer in held)
        {
            holders.AddRange(buffer.Claims.Select(claim => new BufferHolder(buffer.Index, claim.Peer.ProcessId, claim.Peer.UserId, IsImporter: true)));
            if (buffer.Claims.Count == 0)
            {
                holders.Add(new BufferHolder(buffer.Index, 0, -1, IsImporter: false));
            }
        }

        return holders;
    }

    /// <summary>
    /// An importer has a buffer, so the lease must be refused. If it is not, the importer has let go meanwhile and is
    /// about to say so, or is dead; or what went out was our own description, to which the lease is blind. The
    /// caretaker looks again.
    /// </summary>
    public void ExpectHeld(Claim claim)
    {
        if (!claim.Buffer.IsUntracked && Ask(claim.Buffer) == LeaseAnswer.Free)
        {
            claim.SuspectedAt = Ticks.Now;
            _suspects.Add(claim);
            bells.RingCaretaker();
        }
    }

    /// <summary>An importer says that it has let go.</summary>
    public void LetGo(Claim claim)
    {
        SharedBuffer buffer = claim.Buffer;

        // With other claimants, or one that has left, the kernel cannot say whose hold it is.
        if (buffer.Claims.Count == 1 && Ask(buffer) == LeaseAnswer.Held && !buffer.HasStrays)
        {
            if (!claim.IsDisputed)
            {
                FalseReleases++;
                claim.IsDisputed = true;
                _disputed.Add(claim);
                stream.Forfeit(claim);
                bells.RingCaretaker();
            }

            return;
        }

        stream.Drop(claim);
        LookAgain(buffer);
    }

    /// <summary>An importer is gone, and its claims with it.</summary>
    public void DropAll(BufferPeer peer)
    {
        foreach (Claim claim in peer.Claims.Values.ToArray())
        {
            stream.Drop(claim);
            claim.Buffer.HasStrays |= Ask(claim.Buffer) == LeaseAnswer.Held;
            LookAgain(claim.Buffer);
        }
    }

    /// <summary>Looks at whom there is doubt about, and at dma-bufs.</summary>
    public void Look(IEnumerable<SharedBuffer> live)
    {
        LookAtSuspects();
        LookAtDisputed();
        LookAtDmaBufs(live);
    }

    /// <summary>A dma-buf over a buffer.</summary>
    /// <returns>The descriptor, which becomes the caller's.</returns>
    public FileDescriptor MakeDmaBuf(SharedBuffer buffer, FileDescriptor device)
    {
        IsInDmaBuf(buffer);
        FileDescriptor made = (FileSteps.Fails(faults, FaultPoint.DmaBuf) ? null : DmaBufCalls.Create(device, buffer.Memory.File, buffer.Bytes))
            ?? throw BufferException.LastRefused(queue, "UDMABUF_CREATE");
        FileDescriptor? own = FileSteps.Fails(faults, FaultPoint.DmaBuf) ? null : MemoryFiles.Duplicate(made);
        if (own is null)
        {
            BufferException refused = BufferException.LastRefused(queue, "fcntl");
            made.Dispose();
            throw refused;
        }

        buffer.DmaBufs.Add(own);
        DmaBufs++;
        _nextDmaBufLook = Ticks.Now + Ticks.Of(Caretaker.SafetyNet);
        bells.RingCaretaker();
        return made;
    }

    public FileDescriptor OpenDmaBufDevice()
        => (FileSteps.Fails(faults, FaultPoint.DmaBuf) ? null : DmaBufCalls.Open()) ?? throw (
            VirtualMemory.LastError is LinuxError.TooManyFiles or LinuxError.TooManyFilesInSystem or LinuxError.OutOfMemory
                ? BufferException.LastRefused(queue, "open")
                : new BufferException(
                    BufferError.NotSupported,
                    $"{queue}: {DmaBufDevice.Path} cannot be opened, so there are no dma-bufs here: load the module udmabuf, or export to importers."));

    /// <inheritdoc/>
    public void Dispose() => closes?.Dispose();

    /// <summary>
    /// Whoever still claims, and lives, and is not seen, cannot be seen, or keeps silent: from now on a claim of that
    /// buffer counts although the kernel sees nobody. What the kernel does see counts as before, or two importers could
    /// have it believed that nobody holds what one of them does.
    /// </summary>
    private void LookAtSuspects()
    {
        long now = Ticks.Now;
        for (int i = _suspects.Count - 1; i >= 0; i--)
        {
            Claim claim = _suspects[i];
            bool isClaimed = claim.Buffer.Claims.Contains(claim) && !claim.Peer.IsGone;
            if (isClaimed && now - claim.SuspectedAt < Ticks.Of(s_doubt))
            {
                continue;
            }

            _suspects.RemoveAt(i);
            if (isClaimed && !claim.Buffer.IsUntracked && Ask(claim.Buffer) == LeaseAnswer.Free)
            {
                claim.Buffer.IsUntracked = true;
                UntrackedExports++;
            }
        }
    }

    /// <summary>A claim that was given up in words ends when the kernel says that nobody holds the buffer.</summary>
    private void LookAtDisputed()
    {
        for (int i = _disputed.Count - 1; i >= 0; i--)
        {
            Claim claim = _disputed[i];
            if (!claim.Buffer.Claims.Contains(claim))
            {
                _disputed.RemoveAt(i);
            }
            else if (!IsHeld(claim.Buffer))
            {
                _disputed.RemoveAt(i);
                stream.Drop(claim);
                LookAgain(claim.Buffer);
            }
        }
    }

    /// <summary>
    /// Finds dma-bufs of live buffers that nobody else has any more; those of released ones are looked at with their
    /// holders.
    /// </summary>
    private void LookAtDmaBufs(IEnumerable<SharedBuffer> live)
    {
        long now = Ticks.Now;
        if (DmaBufs == 0 || now < _nextDmaBufLook)
        {
            return;
        }

        _nextDmaBufLook = now + Ticks.Of(Caretaker.SafetyNet);
        foreach (SharedBuffer buffer in live)
        {
            IsInDmaBuf(buffer);
        }
    }

    private LeaseAnswer Ask(SharedBuffer buffer)
    {
        LeaseAnswer answer = buffer.Memory.AskLease(faults);
        buffer.HasStrays &= answer != LeaseAnswer.Free;

        // Who is not asked about any more may be anybody: its pages are dropped before it is closed.
        buffer.IsUntracked |= answer == LeaseAnswer.Refused;
        return answer;
    }

    /// <summary>Has the caretaker look whether a released buffer is still held.</summary>
    private void LookAgain(SharedBuffer buffer)
    {
        if (buffer.Phase is BufferPhase.Orphaned or BufferPhase.Revoked)
        {
            bells.Probe();
        }
    }

    /// <summary>
    /// Whether anybody has a dma-buf over a buffer. Those that nobody else has end here: the duplicate is what keeps
    /// their pages.
    /// </summary>
    private bool IsInDmaBuf(SharedBuffer buffer)
    {
        for (int i = buffer.DmaBufs.Count - 1; i >= 0; i--)
        {
            // Where the kernel does not say, somebody has it.
            if (DmaBufCalls.CountHolders(buffer.DmaBufs[i]) == 1)
            {
                buffer.DmaBufs[i].Dispose();
                buffer.DmaBufs.RemoveAt(i);
                DmaBufs--;
            }
        }

        return buffer.DmaBufs.Count != 0;
    }
}
