using System.Diagnostics;
using MagAlloc.Concurrency;
using MagAlloc.Events;

namespace MagAlloc.Sharing;

/// <content>The books, as callers and instruments see them.</content>
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
            long live = _ledger.MadeBytes;
            long bytes = live + _ledger.Quotas.OrphanedBytes;
            figures = new OwnerFigures
            {
                AllocatedBytes = live,
                CommittedBytes = bytes,
                TotalCommittedBytes = _ledger.TotalBytes,
                ReturnedBytes = _ledger.TotalBytes - bytes,
                PeakCommittedBytes = _ledger.Quotas.PeakBytes,
                DecommittedBytes = _ledger.TotalBytes - bytes,
                ReservedBytes = bytes + _ledger.Released.Where(buffer => !buffer.HasPages).Sum(buffer => buffer.Bytes),
                InjectedFaults = _faults?.Injected ?? 0,
                Misuses = _peers.Misuses,
            };
            return !_isClosed;
        }
    }

    /// <inheritdoc/>
    public bool TryGetBufferFigures(out BufferFigures figures)
    {
        using (Uninterrupted.Enter(_gate))
        {
            QuotaBook quotas = _ledger.Quotas;
            figures = new BufferFigures
            {
                LiveBuffers = quotas.LiveBuffers,
                OrphanedBuffers = quotas.OrphanedBuffers,
                OrphanedBytes = quotas.OrphanedBytes,
                RevokedBuffers = quotas.RevokedBuffers,
                Importers = _peers.Count,
                HandOvers = _stream.HandOvers,
                Acknowledgements = _stream.Acknowledgements,
                Revocations = _ledger.Revocations,
                Reinflations = _ledger.Reinflations,
                Reclaims = _ledger.Reclaims,
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
        Tracking = _holders.Tracking,
        LiveBuffers = _ledger.Quotas.LiveBuffers,
        LiveBytes = _ledger.Quotas.LiveBytes,
        OrphanedBuffers = _ledger.Quotas.OrphanedBuffers,
        OrphanedBytes = _ledger.Quotas.OrphanedBytes,
        RevokedBuffers = _ledger.Quotas.RevokedBuffers,
        PeakBytes = _ledger.Quotas.PeakBytes,
        Importers = _peers.Count,
        DmaBufs = _holders.DmaBufs,
        Exports = _exports,
        HandOvers = _stream.HandOvers,
        Acknowledgements = _stream.Acknowledgements,
        StaleAcknowledgements = _stream.StaleAcknowledgements,
        Orphans = _ledger.Orphans,
        Revocations = _ledger.Revocations,
        Reinflations = _ledger.Reinflations,
        Reclaims = _ledger.Reclaims,
        LongestReclaim = Stopwatch.GetElapsedTime(0, _ledger.LongestReclaim),
        QuotaRefusals = _quotaRefusals,
        FalseReleases = _holders.FalseReleases,
        UntrackedExports = _holders.UntrackedExports,
        Misuses = _peers.Misuses,
        SkippedFrames = _stream.Skipped,
        SilentImporters = _peers.Silent,
        InjectedFaults = _faults?.Injected ?? 0,
    };
}
