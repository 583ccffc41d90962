using MagAlloc.Events;
using MagAlloc.Magazines;

namespace MagAlloc;

/// <content>The cache as events and instruments see it. Its resources have no size: each counts as one byte.</content>
public sealed unsafe partial class MagazineCache<TSource> : IEventOwner
{
    long IEventOwner.Id => _engine.Id;

    string IEventOwner.Name => _name;

    string IEventOwner.Kind => OwnerKind.Cache;

    bool IEventOwner.TryGetFigures(out OwnerFigures figures)
    {
        figures = default;
        if (!_engine.TryEnter())
        {
            return false;
        }

        try
        {
            EngineStatistics engine = _engine.GetStatistics();
            figures = new OwnerFigures
            {
                ThreadCachedBytes = _engine.CountInThreads(Code),
                DepotCachedBytes = _engine.CountInDepot(Code),
                CommittedBytes = _committed.Value,
                TotalCommittedBytes = _committed.Total,
                ReturnedBytes = _committed.Returned,
                PeakCommittedBytes = _committed.Peak,
                ReservedBytes = (long)_engine.ReservedBytes,
                Threads = engine.Threads,
                DepotMagazines = engine.DepotMagazines,
                DepotExchanges = engine.DepotExchanges,
                DepotHits = engine.DepotHits,
                SourceRefills = engine.SourceRefills,
                SourceReturns = engine.SourceReturns,
                ReclaimedMagazines = engine.ReclaimedMagazines,
                InjectedFaults = _faults?.Injected ?? 0,
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
            into[0] = new ClassFigures(Code, 1, 0, _engine.CountInThreads(Code), _engine.CountInDepot(Code), 0, 0, 0);
            return 1;
        }
        finally
        {
            _engine.Leave();
        }
    }

    void IEventOwner.FollowSessions()
    {
        // Resources have no bytes, so they are not sampled.
    }

    void IEventOwner.ReportExchanges(int beforeBeat, bool discard) => _engine.ReportExchanges(beforeBeat, discard);
}
