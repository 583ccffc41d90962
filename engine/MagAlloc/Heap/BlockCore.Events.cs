using MagAlloc.Events;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <content>Heaps and pools as events and instruments see them.</content>
internal unsafe partial class BlockCore<TSource>
{
    /// <summary>The owner is complete: it is listed, and its birth told.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for it; the caller closes.</exception>
    public void Announce() => _announcement.Make(this, _faults);

    /// <inheritdoc/>
    public bool TryGetFigures(out OwnerFigures figures)
    {
        figures = default;
        if (!Engine.TryEnter())
        {
            return false;
        }

        try
        {
            HeapStatistics statistics = GetStatistics();
            figures = new OwnerFigures
            {
                AllocatedBytes = statistics.AllocatedBytes,
                ThreadCachedBytes = statistics.ThreadCachedBytes,
                DepotCachedBytes = statistics.DepotCachedBytes,
                FreeBytes = statistics.FreeBytes,
                CommittedBytes = statistics.CommittedBytes,
                TotalCommittedBytes = Committed.Total,
                ReturnedBytes = Committed.Returned,
                PeakCommittedBytes = statistics.PeakCommittedBytes,
                ReservedBytes = statistics.ReservedBytes,
                DecommittedBytes = statistics.DecommittedBytes,
                Threads = statistics.Threads,
                DepotMagazines = statistics.DepotMagazines,
                DepotExchanges = statistics.DepotExchanges,
                DepotHits = statistics.DepotHits,
                SourceRefills = statistics.SourceRefills,
                SourceReturns = statistics.SourceReturns,
                ReclaimedMagazines = statistics.ReclaimedMagazines,
                InjectedFaults = statistics.InjectedFaults,
                Misuses = statistics.Misuses,
                OutOfMemoryFlushes = statistics.OutOfMemoryFlushes,
            };
            return true;
        }
        finally
        {
            Engine.Leave();
        }
    }

    /// <inheritdoc/>
    public int GetClassFigures(Span<ClassFigures> into)
    {
        if (!Engine.TryEnter())
        {
            return 0;
        }

        try
        {
            int written = 0;
            for (int code = 1; code <= Slabs.ClassCount; code++)
            {
                ClassFigures one = FiguresOf(code);
                if (one.Slabs != 0)
                {
                    into[written++] = one;
                }
            }

            return written;
        }
        finally
        {
            Engine.Leave();
        }
    }

    /// <inheritdoc/>
    public void ReportExchanges(int beforeBeat, bool discard) => Engine.ReportExchanges(beforeBeat, discard);

    /// <inheritdoc/>
    public void FollowSessions() => Engine.FollowSessions();

    /// <summary>The classes in use, as callers of the owner see them.</summary>
    public IReadOnlyList<SizeClassStatistics> GetSizeClassStatistics()
    {
        Span<ClassFigures> classes = stackalloc ClassFigures[OwnerRegistry.MostClasses];
        int count = GetClassFigures(classes);
        ObjectDisposedException.ThrowIf(Engine.IsClosed, this);

        var statistics = new SizeClassStatistics[count];
        for (int i = 0; i < count; i++)
        {
            statistics[i] = new SizeClassStatistics
            {
                BlockBytes = classes[i].BlockBytes,
                AllocatedBlocks = classes[i].AllocatedBlocks,
                ThreadCachedBlocks = classes[i].ThreadCachedBlocks,
                DepotCachedBlocks = classes[i].DepotCachedBlocks,
                FreeBlocks = classes[i].FreeBlocks,
                Slabs = classes[i].Slabs,
                WasteBytes = classes[i].WasteBytes,
            };
        }

        return statistics;
    }

    private ClassFigures FiguresOf(int code)
    {
        ref readonly SlabClass slab = ref Slabs.Class(code);
        long inThreads = Engine.CountInThreads(code);
        long inDepot = Engine.CountInDepot(code);
        long allocated = Slabs.Outstanding(code) - inThreads - inDepot;
        long capacity = Slabs.Capacity(code);
        long slabs = capacity / slab.Blocks;
        long slabBytes = slabs * ((long)slab.Chunks << MagAlloc.Slabs.Arena.ChunkShift);
        return new ClassFigures(
            code,
            slab.BlockBytes,
            allocated,
            inThreads,
            inDepot,
            capacity - allocated - inThreads - inDepot,
            slabs,
            slabBytes - (allocated * slab.BlockBytes));
    }
}
