using MagAlloc.Events;

namespace MagAlloc.Iova;

/// <content>The domain as events and instruments see it: bytes are addresses, those of the books excepted.</content>
public sealed unsafe partial class IovaDomain : IEventOwner
{
    long IEventOwner.Id => _engine.Id;

    string IEventOwner.Name => Name;

    string IEventOwner.Kind => OwnerKind.Domain;

    bool IEventOwner.TryGetFigures(out OwnerFigures figures)
    {
        figures = default;
        if (!_engine.TryEnter())
        {
            return false;
        }

        try
        {
            IovaStatistics statistics = ReadStatistics();
            long inThreads = 0;
            long inDepots = 0;
            for (int code = 1; code <= 2 * IovaSource.Orders; code++)
            {
                inThreads += _engine.CountInThreads(code) << IovaSource.OrderOf(code);
                inDepots += _engine.CountInDepot(code) << IovaSource.OrderOf(code);
            }

            figures = new OwnerFigures
            {
                AllocatedBytes = ToBytes(statistics.AllocatedUnits),
                ThreadCachedBytes = ToBytes(inThreads),
                DepotCachedBytes = ToBytes(inDepots),
                FreeBytes = ToBytes(statistics.FreeUnits),
                CommittedBytes = statistics.CommittedBytes,
                TotalCommittedBytes = _committed.Total,
                ReturnedBytes = _committed.Returned,
                PeakCommittedBytes = _committed.Peak,
                ReservedBytes = statistics.ReservedBytes,
                Threads = statistics.Threads,
                DepotMagazines = statistics.DepotMagazines,
                DepotExchanges = statistics.DepotExchanges,
                DepotHits = statistics.DepotHits,
                SourceRefills = statistics.SourceRefills,
                SourceReturns = statistics.SourceReturns,
                ReclaimedMagazines = statistics.ReclaimedMagazines,
                InjectedFaults = statistics.InjectedFaults,
                Misuses = statistics.Misuses,
                OutOfMemoryFlushes = statistics.FlushRetries,
            };
            return true;
        }
        finally
        {
            _engine.Leave();
        }
    }

    int IEventOwner.GetClassFigures(Span<ClassFigures> into)
    {
        if (!_engine.TryEnter())
        {
            return 0;
        }

        try
        {
            int written = 0;
            for (int code = 1; code <= 2 * IovaSource.Orders; code++)
            {
                // Which order a range in the tree had is not known, so what is allocated of each is not either.
                long inThreads = _engine.CountInThreads(code);
                long inDepot = _engine.CountInDepot(code);
                if (inThreads + inDepot != 0)
                {
                    into[written++] = new ClassFigures(code, ToBytes(1L << IovaSource.OrderOf(code)), 0, inThreads, inDepot, 0, 0, 0);
                }
            }

            return written;
        }
        finally
        {
            _engine.Leave();
        }
    }

    void IEventOwner.FollowSessions()
    {
        // Ranges are not sampled: a visitor may empty a magazine at any moment, what was displaced in it included.
    }

    void IEventOwner.ReportExchanges(int beforeBeat, bool discard) => _engine.ReportExchanges(beforeBeat, discard);

    /// <summary>No such range is free.</summary>
    /// <returns>0, which is no resource.</returns>
    private nuint TellExhausted(ulong size)
    {
        _engine.TellOutOfMemory(ToBytes((long)Math.Min(size, long.MaxValue)));
        return 0;
    }

    /// <summary>A space of 2^64 addresses has more bytes than a long: then as many as one holds.</summary>
    private long ToBytes(long units) => (long)UInt128.Min((UInt128)Math.Max(0, units) << Shift, long.MaxValue);
}
