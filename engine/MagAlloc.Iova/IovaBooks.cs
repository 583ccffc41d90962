using MagAlloc.Events;

namespace MagAlloc.Iova;

/// <summary>
/// The books of a domain, as statistics, events and instruments see them. In events bytes are addresses, those of the engine's own
/// memory excepted.
/// </summary>
internal sealed class IovaBooks(
    IovaEngine<IovaSource> engine,
    IovaRanges ranges,
    IovaCaches caches,
    IovaSpace space,
    IovaDomainOptions options,
    CommitCounter committed,
    IovaMisuseLog misuses) : IEventOwner
{
    /// <inheritdoc/>
    public long Id => engine.Id;

    /// <inheritdoc/>
    public string Name => options.Name;

    /// <inheritdoc/>
    public string Kind => OwnerKind.Domain;

    /// <summary>The caller is inside.</summary>
    public IovaStatistics Read(out Ledger ledger)
    {
        ledger = default;
        engine.Read(ref ledger);
        committed.Read(ref ledger);
        ledger.OutOfMemoryFlushes = caches.Flushes;
        ledger.ReservedBytes += (long)ranges.Tree.ReservedBytes;
        ledger.Misuses = misuses.Count;
        long cachedRanges = 0;
        long cachedUnits = 0;
        for (int order = 0; order < options.CachedOrders; order++)
        {
            long count = caches.CountCached(order);
            cachedRanges += count;
            cachedUnits += count << order;
        }

        long total = (long)(space.Last - space.Start) + 1;
        long used = ranges.UsedUnits;
        long inUse = ranges.Count;
        long reservedUnits = ranges.ReservedUnits;
        int reservedRanges = ranges.ReservedCount;
        return new IovaStatistics(ledger)
        {
            TotalUnits = total,
            AllocatedUnits = used - cachedUnits - reservedUnits,
            AllocatedRanges = inUse - cachedRanges - reservedRanges,
            CachedUnits = cachedUnits,
            CachedRanges = cachedRanges,
            ReservedUnits = reservedUnits,
            ReservedRanges = reservedRanges,
            FreeUnits = total - used,
            SearchSteps = ranges.Tree.SearchSteps,
        };
    }

    /// <inheritdoc/>
    public bool TryRead(out Ledger ledger)
    {
        ledger = default;
        if (!engine.TryEnter())
        {
            return false;
        }

        IovaStatistics statistics = Read(out ledger);
        long inThreads = 0;
        long inDepots = 0;
        for (int code = 1; code <= 2 * IovaSource.Orders; code++)
        {
            inThreads += engine.CountInThreads(code) << IovaSource.OrderOf(code);
            inDepots += engine.CountInDepot(code) << IovaSource.OrderOf(code);
        }

        engine.Leave();
        ledger.AllocatedBytes = space.ToBytes(statistics.AllocatedUnits);
        ledger.ThreadCachedBytes = space.ToBytes(inThreads);
        ledger.DepotCachedBytes = space.ToBytes(inDepots);
        ledger.FreeBytes = space.ToBytes(statistics.FreeUnits);
        return true;
    }

    /// <inheritdoc/>
    public int ReadClasses(Span<SizeClassStatistics> into)
    {
        if (!engine.TryEnter())
        {
            return 0;
        }

        try
        {
            int written = 0;
            for (int code = 1; code <= 2 * IovaSource.Orders; code++)
            {
                // Which order a range in the tree had is not known, so what is allocated of each is not either.
                long inThreads = engine.CountInThreads(code);
                long inDepot = engine.CountInDepot(code);
                if (inThreads + inDepot != 0)
                {
                    into[written++] = new SizeClassStatistics
                    {
                        Code = code,
                        BlockBytes = space.ToBytes(1L << IovaSource.OrderOf(code)),
                        ThreadCachedBlocks = inThreads,
                        DepotCachedBlocks = inDepot,
                    };
                }
            }

            return written;
        }
        finally
        {
            engine.Leave();
        }
    }

    /// <inheritdoc/>
    public void ReportExchanges(int beforeBeat, bool discard) => engine.ReportExchanges(beforeBeat, discard);
}
