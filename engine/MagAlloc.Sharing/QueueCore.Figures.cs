using System.Diagnostics;
using MagAlloc.Concurrency;
using MagAlloc.Events;

namespace MagAlloc.Sharing;

/// <content>The books, as callers and instruments see them.</content>
internal sealed partial class QueueCore : IEventOwner
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
    public bool TryRead(out Ledger ledger)
    {
        using (Uninterrupted.Enter(_gate))
        {
            // What is about to be made counts against quotas; figures tell of what there is.
            QuotaBook quotas = _ledger.Quotas;
            long live = _ledger.MadeBytes;
            long bytes = live + quotas.OrphanedBytes;
            ledger = new Ledger
            {
                AllocatedBytes = live,
                CommittedBytes = bytes,
                ObtainedBytes = _ledger.TotalBytes,
                ReturnedBytes = _ledger.TotalBytes - bytes,
                PeakCommittedBytes = quotas.PeakBytes,
                DecommittedBytes = _ledger.TotalBytes - bytes,
                ReservedBytes = bytes + _ledger.Released.Where(buffer => !buffer.HasPages).Sum(buffer => buffer.Bytes),
                InjectedFaults = _faults?.Injected ?? 0,
                Misuses = _peers.Misuses,
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
