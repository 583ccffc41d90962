using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Magazines;

namespace MagAlloc.Sharing;

/// <summary>
/// What the handles of one queue share. It checks callers, takes the locks, and has its parts do the rest.
/// </summary>
/// <remarks>
/// <para><b>Parts.</b> <see cref="BufferLedger"/>: where each buffer is. <see cref="PeerTable"/>: the importers.
/// <see cref="FrameStream"/>: frames on their way. <see cref="BufferHolders"/>: who holds a buffer.
/// <see cref="BufferReclaimer"/>: the way out. <see cref="Caretaker"/>: the queue's own thread. Each owns its fields,
/// and none has a lock of its own.</para>
/// <para><b>Locks, in the order in which they are taken.</b> (1) <c>_changes</c> is held around whatever makes or
/// releases buffers, its long system calls included. (2) <see cref="BufferPeer.Receiving"/>, one importer's turn to be
/// read. (3) <c>_gate</c> guards the state of all parts, and is held for short system calls only (opening a file again,
/// sending a message, asking a lease). (4) the process's watcher of closes. A buffer that somebody began to revoke or
/// to close is his until he ends that, so pages are dropped and files closed outside of <c>_gate</c>, by exactly one
/// thread. Events are told under <c>_gate</c>, which a listener may take again.</para>
/// <para><b>Threads.</b> Callers; whoever waits in <see cref="TryDequeue"/> reads importers' messages himself, so that
/// a frame costs no switch to a third thread; the caretaker sees to deaths, closes and deadlines, and reads messages
/// while nobody waits for them.</para>
/// <para><b>Trust.</b> Messages are copied before they are looked at, and refer to claims that are kept here. A message
/// that no importer may send ends its connection.</para>
/// </remarks>
[SupportedOSPlatform("linux")]
[SuppressMessage("Design", "CA1001", Justification = "Leave of the last handle is the disposal.")]
internal sealed partial class QueueCore
{
    private readonly BufferQueueOptions _options;
    private readonly FaultPlan? _faults;
    private readonly Lock _changes = new();
    private readonly Lock _gate = new();
    private readonly BufferLedger _ledger;
    private readonly ControlPage _control = null!;
    private readonly QueueBells _bells = null!;
    private readonly PeerTable _peers = null!;
    private readonly FrameStream _stream = null!;
    private readonly BufferHolders _holders = null!;
    private readonly BufferReclaimer _reclaimer = null!;
    private readonly Caretaker _caretaker = null!;
    private readonly QueueEvents _events;
    private long _quotaRefusals;
    private long _exports;
    private BufferQueue? _owner;
    private int _handles;
    private bool _isClosed;

    /// <exception cref="BufferException">A step was refused; nothing is left behind.</exception>
    public QueueCore(BufferQueueOptions options)
    {
        _options = options;
        _faults = options.Faults;
        _faults?.Observe(FaultEvents.Tell);
        _ledger = new BufferLedger(options);
        Id = EngineIds.Next();
        _events = new QueueEvents(Id);
        try
        {
            SharingSupport.Require(Name, _faults);
            _control = ControlPage.Create(Name, _ledger.Slots, _faults);
            _bells = new QueueBells(Name, _faults);
            _peers = new PeerTable(_bells, _faults);
            _stream = new FrameStream(options, _peers, _bells);
            _holders = new BufferHolders(Name, _stream, _bells, CloseWatcher.TryOpen(Name, _bells.Caretaker, _faults), _faults);
            _reclaimer = new BufferReclaimer(options, _gate, _ledger, _peers, _stream, _holders, _control, _bells, _events);
            _caretaker = new Caretaker(this, _gate, _ledger, _peers, _stream, _holders, _reclaimer, _bells);
            OwnerRegistry.Instance.Announce(this, _faults);
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

    /// <summary>How it is known who holds what.</summary>
    public BufferTracking Tracking => _holders.Tracking;

    internal BufferHolders Holders => _holders;

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
                    _stream.Stop(_ledger.Live.All);
                    _reclaimer.ReleaseAll(_options.DisposeMode, Ticks.Now, work);
                    _owner = null;
                }

                if (isLast && _options.DisposeMode == ReleaseMode.Revoke)
                {
                    _reclaimer.RevokeReleased(work);
                }
            }

            _reclaimer.Finish(work);
            if (isLast)
            {
                Close();
            }
        }
    }

    /// <summary>A caller is neither refused because another handle owns nor too late.</summary>
    private void RequireOwner(BufferQueue handle)
    {
        RequireOpen(handle);
        if (_owner is not null && _owner != handle)
        {
            throw new BufferException(BufferError.Busy, $"{Name}: another handle owns the queue until it releases its buffers.");
        }
    }

    private void RequireOpen(BufferQueue handle) => ObjectDisposedException.ThrowIf(_isClosed || handle.IsDisposed, typeof(BufferQueue));

    private BufferException Invalid(string what) => new(BufferError.Invalid, $"{Name}: {what}");

    private SharedBuffer Require(int index)
        => _ledger.Live[index] ?? throw Invalid($"there is no buffer {index}; indices are from 0 to {_ledger.Live.Capacity - 1}, and may have holes.");

    private void NoteRefusal(QuotaRefusal refusal)
    {
        _quotaRefusals++;
        _events.Refused(refusal);
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
            OwnerRegistry.Instance.Withdraw(this, _faults);
        }
        finally
        {
            EndAll();
        }
    }

    private void EndAll()
    {
        using (Uninterrupted.Enter(_gate))
        {
            _isClosed = true;
        }

        foreach (BufferPeer peer in _peers.Now)
        {
            RemovePeer(peer, ImporterEnd.QueueEnded);
        }

        _caretaker.Stop();
        List<SharedBuffer> left;

        // Who has just unpinned a released buffer finishes that by itself.
        var spin = default(SpinWait);
        while (!TryAbandonReleased(out left))
        {
            Uninterrupted.SpinOnce(ref spin);
        }

        _reclaimer.EndWaits();

        // Orphans that nobody revoked live on as their holders' memory, and nobody counts them. Pinned ones go with
        // their last pin.
        foreach (SharedBuffer buffer in left)
        {
            buffer.Close();
        }

        CloseDescriptors();
    }

    private bool TryAbandonReleased(out List<SharedBuffer> left)
    {
        using (Uninterrupted.Enter(_gate))
        {
            return _ledger.TryAbandon(out left);
        }
    }

    /// <summary>Ends a queue that was not finished, and that nobody has a handle to.</summary>
    private void GiveUp()
    {
        _isClosed = true;
        CloseDescriptors();
        OwnerRegistry.Instance.Withdraw(this, _faults);
    }

    private void CloseDescriptors()
    {
        _holders?.Dispose();
        _control?.Dispose();
        _bells?.Dispose();
    }
}
