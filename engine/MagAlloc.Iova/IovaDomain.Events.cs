using MagAlloc.Events;

namespace MagAlloc.Iova;

/// <content>The domain as events and instruments see it: bytes are addresses, those of the books excepted.</content>
public sealed unsafe partial class IovaDomain : IEventOwner
{
    long IEventOwner.Id => _engine.Id;

    string IEventOwner.Name => Name;

    string IEventOwner.Kind => OwnerKind.Domain;

    bool IEventOwner.TryRead(out Ledger ledger)
    {
        ledger = default;
        if (!_engine.TryEnter())
        {
            return false;
        }

        IovaStatistics statistics = ReadStatistics(out ledger);
        long inThreads = 0;
        long inDepots = 0;
        for (int code = 1; code <= 2 * IovaSource.Orders; code++)
        {
            inThreads += _engine.CountInThreads(code) << IovaSource.OrderOf(code);
            inDepots += _engine.CountInDepot(code) << IovaSource.OrderOf(code);
        }

        _engine.Leave();
        ledger.AllocatedBytes = ToBytes(statistics.AllocatedUnits);
        ledger.ThreadCachedBytes = ToBytes(inThreads);
        ledger.DepotCachedBytes = ToBytes(inDepots);
        ledger.FreeBytes = ToBytes(statistics.FreeUnits);
        return true;
    }

    int IEventOwner.ReadClasses(Span<SizeClassStatistics> into)
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
                    into[written++] = new SizeClassStatistics
                    {
                        Code = code,
                        BlockBytes = ToBytes(1L << IovaSource.OrderOf(code)),
                        ThreadCachedBlocks = inThreads,
                        DepotCachedBlocks = inDepot,
                    };
                }
            }

            return written;
        }
        finally
        {
            _engine.Leave();
        }
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
