using MagAlloc.Events;

namespace MagAlloc;

/// <content>The cache as events and instruments see it. Its resources have no size: each counts as one byte.</content>
public sealed unsafe partial class MagazineCache<TSource> : IEventOwner
{
    long IEventOwner.Id => _engine.Id;

    string IEventOwner.Name => _name;

    string IEventOwner.Kind => OwnerKind.Cache;

    bool IEventOwner.TryRead(out Ledger ledger)
    {
        ledger = default;
        if (!_engine.TryEnter())
        {
            return false;
        }

        ledger = Read();
        _engine.Leave();
        return true;
    }

    int IEventOwner.ReadClasses(Span<SizeClassStatistics> into)
    {
        if (!_engine.TryEnter())
        {
            return 0;
        }

        into[0] = new SizeClassStatistics
        {
            Code = Code,
            BlockBytes = 1,
            ThreadCachedBlocks = _engine.CountInThreads(Code),
            DepotCachedBlocks = _engine.CountInDepot(Code),
        };
        _engine.Leave();
        return 1;
    }

    void IEventOwner.ReportExchanges(int beforeBeat, bool discard) => _engine.ReportExchanges(beforeBeat, discard);

    /// <summary>The caller is inside.</summary>
    private Ledger Read()
    {
        Ledger ledger = default;
        _engine.Read(ref ledger);
        _committed.Read(ref ledger);
        ledger.ThreadCachedBytes = _engine.CountInThreads(Code);
        ledger.DepotCachedBytes = _engine.CountInDepot(Code);
        ledger.CachedBlocks = ledger.ThreadCachedBytes + ledger.DepotCachedBytes;
        return ledger;
    }
}
