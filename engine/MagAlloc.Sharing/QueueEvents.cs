using System.Diagnostics;
using System.Diagnostics.Tracing;
using MagAlloc.Concurrency;
using MagAlloc.Events;

namespace MagAlloc.Sharing;

/// <content>The books, as callers, events and instruments see them.</content>
internal sealed partial class QueueCore : IBufferOwner
{
    /// <inheritdoc/>
    public long Id { get; }

    string IEventOwner.Kind => OwnerKind.Buffers;

    public BufferQueueStatistics GetStatistics(BufferQueue handle)
    {
        lock (_gate)
        {
            RequireOpen(handle);
            return ReadStatistics();
        }
    }

    /// <inheritdoc/>
    public bool TryGetFigures(out OwnerFigures figures)
    {
        using (Uninterrupted.Enter(_gate))
        {
            // What is about to be made counts against quotas; figures tell of what there is.
            long live = _quotas.LiveBytes - _unmadeBytes;
            long bytes = live + _quotas.OrphanedBytes;
            figures = new OwnerFigures
            {
                AllocatedBytes = live,
                CommittedBytes = bytes,
                TotalCommittedBytes = _totalBytes,
                ReturnedBytes = _totalBytes - bytes,
                PeakCommittedBytes = _quotas.PeakBytes,
                DecommittedBytes = _totalBytes - bytes,
                ReservedBytes = bytes + _released.Where(buffer => !buffer.HasPages).Sum(buffer => buffer.Bytes),
                InjectedFaults = _faults?.Injected ?? 0,
                Misuses = _misuses,
            };
            return !_isClosed;
        }
    }

    /// <inheritdoc/>
    public bool TryGetBufferFigures(out BufferFigures figures)
    {
        using (Uninterrupted.Enter(_gate))
        {
            figures = new BufferFigures
            {
                LiveBuffers = _quotas.LiveBuffers,
                OrphanedBuffers = _quotas.OrphanedBuffers,
                OrphanedBytes = _quotas.OrphanedBytes,
                RevokedBuffers = _quotas.RevokedBuffers,
                Importers = _peers.Count,
                HandOvers = _handOvers,
                Acknowledgements = _acknowledgements,
                Revocations = _revocations,
                Reinflations = _reinflations,
                Reclaims = _reclaims,
                QuotaRefusals = _quotaRefusals,
            };
            return !_isClosed;
        }
    }

    int IEventOwner.GetClassFigures(Span<ClassFigures> into) => 0;

    void IEventOwner.ReportExchanges(int beforeBeat, bool discard)
    {
        // No magazines.
    }

    void IEventOwner.FollowSessions()
    {
        // Buffers are few and each is told: nothing is sampled.
    }

    private BufferQueueStatistics ReadStatistics() => new()
    {
        Tracking = Tracking,
        LiveBuffers = _quotas.LiveBuffers,
        LiveBytes = _quotas.LiveBytes,
        OrphanedBuffers = _quotas.OrphanedBuffers,
        OrphanedBytes = _quotas.OrphanedBytes,
        RevokedBuffers = _quotas.RevokedBuffers,
        PeakBytes = _quotas.PeakBytes,
        Importers = _peers.Count,
        DmaBufs = _dmaBufs,
        Exports = _exports,
        HandOvers = _handOvers,
        Acknowledgements = _acknowledgements,
        StaleAcknowledgements = _stale,
        Orphans = _orphans,
        Revocations = _revocations,
        Reinflations = _reinflations,
        Reclaims = _reclaims,
        LongestReclaim = TimeSpan.FromSeconds((double)_longestReclaim / Stopwatch.Frequency),
        QuotaRefusals = _quotaRefusals,
        FalseReleases = _falseReleases,
        UntrackedExports = _untrackedExports,
        Misuses = _misuses,
        SkippedFrames = _skipped,
        SilentImporters = _silent,
        InjectedFaults = _faults?.Injected ?? 0,
    };

    // A listener runs inside the event, and may ask for the books: the lock is one that its holder may take again.
    private void TellCreated(SharedBuffer buffer)
    {
        _totalBytes += buffer.Bytes;
        _unmadeBytes -= buffer.Bytes;
        if (IsHeard(EventLevel.Informational))
        {
            MagAllocEventSource.Log.BufferCreated(Id, buffer.Index, buffer.Bytes, buffer.Format.Profile.ToString());
        }
    }

    private void TellExported(SharedBuffer buffer, BufferPeer peer, BufferAccess access)
    {
        if (IsHeard(EventLevel.Informational))
        {
            MagAllocEventSource.Log.BufferExported(Id, buffer.Index, peer.ProcessId, access.ToString());
        }
    }

    private void TellDmaBuf(SharedBuffer buffer)
    {
        if (IsHeard(EventLevel.Informational))
        {
            // Whose it will be nobody knows.
            MagAllocEventSource.Log.BufferExported(Id, buffer.Index, 0, "DmaBuf");
        }
    }

    private void TellReleased(SharedBuffer buffer, bool isHeld)
    {
        if (IsHeard(EventLevel.Informational))
        {
            MagAllocEventSource.Log.BufferReleased(Id, buffer.Index, buffer.Bytes, isHeld ? 1 : 0);
        }
    }

    private void TellRevoked(SharedBuffer buffer)
    {
        if (IsHeard(EventLevel.Warning))
        {
            MagAllocEventSource.Log.BufferRevoked(Id, buffer.Index, buffer.Bytes);
        }
    }

    private void TellReclaimed(SharedBuffer buffer, long ticks)
    {
        if (IsHeard(EventLevel.Informational))
        {
            MagAllocEventSource.Log.BufferReclaimed(Id, buffer.Index, buffer.Bytes, ticks * 1_000_000 / Stopwatch.Frequency);
        }
    }

    private void TellPeer(BufferPeer peer, bool connected)
    {
        if (!IsHeard(EventLevel.Informational))
        {
            return;
        }

        if (connected)
        {
            MagAllocEventSource.Log.ImporterConnected(Id, peer.ProcessId, peer.UserId);
        }
        else
        {
            MagAllocEventSource.Log.ImporterGone(Id, peer.ProcessId, peer.Claims.Count, peer.End.ToString());
        }
    }

    private void TellQuota(QuotaRefusal refusal)
    {
        if (IsHeard(EventLevel.Warning))
        {
            MagAllocEventSource.Log.QuotaExceeded(Id, refusal.Quota.ToString(), refusal.Used, refusal.Limit, refusal.Requested);
        }
    }

    private static bool IsHeard(EventLevel level) => MagAllocEventSource.Log.IsEnabled(level, MagAllocEventSource.Keywords.Buffers);
}
