using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Magazines;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Sharing;

/// <summary>What the handles of one queue share: its buffers, importers and books.</summary>
/// <remarks>
/// <para><b>Locks.</b> <c>_gate</c> guards all state and is held for short system calls only (opening a file again, sending a message, asking a lease). <c>_changes</c> is held
/// around whatever makes or releases buffers, its long system calls included, and is taken first. A buffer that somebody moved to
/// <see cref="BufferPhase.Revoking"/> or <see cref="BufferPhase.Closing"/> is his until he moves it on, so pages are dropped and files closed outside of
/// <c>_gate</c>, by exactly one thread.</para>
/// <para><b>Threads.</b> Callers; whoever waits in <see cref="TryDequeue"/> reads importers' messages himself, so that a frame costs no switch
/// to a third thread; the caretaker (<see cref="Care"/>) sees to deaths, closes and deadlines, and reads messages while nobody waits for them.</para>
/// <para><b>Trust.</b> Messages are copied before they are looked at, and refer to claims that are kept here. A message that no importer may send
/// ends its connection.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
[SuppressMessage("Design", "CA1001", Justification = "Leave of the last handle is the disposal.")]
internal sealed partial class QueueCore
{
    private readonly BufferQueueOptions _options;
    private readonly FaultPlan? _faults;
    private readonly Lock _changes = new();
    private readonly Lock _gate = new();
    private readonly QuotaBook _quotas;
    private readonly IndexTable _live;
    private readonly SlotTable _slots;
    private readonly ControlPage _control = null!;
    private readonly FileDescriptor _careBell = null!;
    private readonly FileDescriptor _dequeueBell = null!;
    private readonly CloseWatch? _closes;
    private readonly List<SharedBuffer> _released = [];
    private Announcement _announcement;
    private long _totalBytes;
    private long _unmadeBytes;
    private BufferQueue? _owner;
    private int _handles;
    private bool _isClosed;
    private bool _isAbandoned;

    /// <exception cref="BufferException">A step was refused; nothing is left behind.</exception>
    public QueueCore(BufferQueueOptions options)
    {
        _options = options;
        _faults = options.Faults;
        _faults?.Observe(FaultEvents.Tell);
        _quotas = new QuotaBook(options);
        _live = new IndexTable(options.MaxBuffers);
        _slots = new SlotTable(options.MaxBuffers + options.MaxReleased);
        Id = EngineIds.Next();
        try
        {
            SharingSupport.Require(Name, _faults);
            _control = ControlPage.Create(Name, _slots.Count, _faults);
            _careBell = CreateBell();
            _dequeueBell = CreateBell();
            _closes = CloseWatcher.TryOpen(Name, _careBell, _faults);
            Tracking = _closes is null ? BufferTracking.Polled : BufferTracking.Exact;
            _announcement.Make(this, _faults);
        }
        catch (OutOfMemoryException refused)
        {
            GiveUp();
            throw new BufferException(BufferError.OutOfMemory, refused.Message);
        }
        catch
        {
            GiveUp();
            throw;
        }
    }

    public string Name => _options.Name;

    /// <summary>How it is known who holds what. Can become <see cref="BufferTracking.Polled"/> when the system has no watches left.</summary>
    public BufferTracking Tracking { get; private set; }

    /// <summary>Another handle is opened.</summary>
    public void Enter()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(BufferQueue));
            _handles++;
        }
    }

    /// <summary>A handle is disposed: its buffers are released, and with the last handle the queue ends.</summary>
    public void Leave(BufferQueue handle)
    {
        using Uninterrupted.Scope quiet = Uninterrupted.Begin();
        using (Uninterrupted.Enter(_changes))
        {
            bool isLast;
            var work = new ReleaseWork();
            using (Uninterrupted.Enter(_gate))
            {
                isLast = --_handles == 0;
                if (_owner == handle || isLast)
                {
                    StopStream();
                    ReleaseAll(_options.DisposeMode, NowTicks(), work);
                    _owner = null;
                }

                if (isLast && _options.DisposeMode == ReleaseMode.Revoke)
                {
                    RevokeReleased(work);
                }
            }

            Finish(work);
            if (isLast)
            {
                Close();
            }
        }
    }

    /// <summary>A caller is neither refused because another handle owns nor too late.</summary>
    private void RequireOwner(BufferQueue handle)
    {
        ObjectDisposedException.ThrowIf(_isClosed || handle.IsDisposed, typeof(BufferQueue));
        if (_owner is not null && _owner != handle)
        {
            throw new BufferException(BufferError.Busy, $"{Name}: another handle owns the queue until it releases its buffers.");
        }
    }

    /// <summary>An event is told under <c>_gate</c>; <c>_changes</c>, and an importer's turn to be read, are taken first.</summary>
    private static void RequireNoListener() => EventGuard.RequireNotWriting("make, export, queue, dequeue or release buffers, or disconnect importers");

    private void RequireOpen(BufferQueue handle) => ObjectDisposedException.ThrowIf(_isClosed || handle.IsDisposed, typeof(BufferQueue));

    private BufferException Invalid(string what) => new(BufferError.Invalid, $"{Name}: {what}");

    private SharedBuffer Require(int index)
        => _live[index] ?? throw Invalid($"there is no buffer {index}; indices are from 0 to {_live.Capacity - 1}, and may have holes.");

    private void NoteRefusal(QuotaRefusal refusal)
    {
        _quotaRefusals++;
        TellQuota(refusal);
    }

    private BufferException Exceeded(QuotaRefusal refusal)
    {
        NoteRefusal(refusal);
        BufferError error = refusal.Quota is BufferQuota.Buffers or BufferQuota.ReleasedBuffers ? BufferError.NoBuffers : BufferError.QuotaExceeded;
        return BufferException.Exceeded(Name, error, refusal);
    }

    /// <summary>Ends the queue: nobody calls any more.</summary>
    private void Close()
    {
        try
        {
            _announcement.Withdraw(this, _faults);
        }
        finally
        {
            EndAll();
        }
    }

    private void EndAll()
    {
        List<BufferPeer> peers;
        using (Uninterrupted.Enter(_gate))
        {
            _isClosed = true;
            peers = [.. _peers];
        }

        foreach (BufferPeer peer in peers)
        {
            RemovePeer(peer, ImporterEnd.QueueEnded);
        }

        StopCaretaker();
        List<SharedBuffer> left;

        // Who has just unpinned a released buffer finishes that by itself.
        var spin = default(SpinWait);
        while (!TryAbandonReleased(out left))
        {
            Uninterrupted.SpinOnce(ref spin);
        }

        // Not disposed of: who waits on it is only about to be woken.
        Uninterrupted.Set(_settled);

        // Orphans that nobody revoked live on as their holders' memory, and nobody counts them. Pinned ones go with their last pin.
        foreach (SharedBuffer buffer in left)
        {
            buffer.Close();
        }

        CloseDescriptors();
    }

    /// <summary>Nobody sees to released buffers from now on.</summary>
    /// <param name="left">Those that nobody uses here: to be closed.</param>
    /// <returns>False while another thread is at one of them.</returns>
    private bool TryAbandonReleased(out List<SharedBuffer> left)
    {
        using (Uninterrupted.Enter(_gate))
        {
            left = [.. _released.Where(buffer => buffer.Pins == 0)];
            _isAbandoned = _released.TrueForAll(buffer => buffer.Phase is not (BufferPhase.Revoking or BufferPhase.Closing));
            if (_isAbandoned)
            {
                _released.Clear();
            }

            return _isAbandoned;
        }
    }

    private FileDescriptor CreateBell()
        => (FileSteps.Fails(_faults, FaultPoint.WakeUp) ? null : Doorbell.Create()) ?? throw BufferException.LastRefused(Name, "eventfd");

    /// <summary>Ends a queue that was not finished, and that nobody has a handle to.</summary>
    private void GiveUp()
    {
        _isClosed = true;
        CloseDescriptors();
        _announcement.Withdraw(this, _faults);
    }

    private void CloseDescriptors()
    {
        _closes?.Dispose();
        _control?.Dispose();
        _careBell?.Dispose();
        _dequeueBell?.Dispose();
    }

    private static long NowTicks() => Stopwatch.GetTimestamp();

    /// <summary>The time so much later; <see cref="long.MaxValue"/>: never.</summary>
    private static long After(long start, TimeSpan time)
    {
        // A century and infinity are the same here, and cannot overflow.
        const double Century = 100.0 * 365 * 24 * 3600;
        return time == Timeout.InfiniteTimeSpan || time.TotalSeconds > Century ? long.MaxValue : start + TicksOf(time);
    }

    private static long TicksOf(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}
