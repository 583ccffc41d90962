namespace MagAlloc.Events;

/// <summary>What disposed owners of one name and kind had counted. Levels are 0: they have nothing any more.</summary>
internal readonly record struct RetiredFigures(OwnerFigures Counters, BufferFigures Buffers)
{
    /// <summary>The counters of an owner that is about to be disposed of; what it has it is about to give back.</summary>
    public static RetiredFigures Of(IEventOwner owner)
    {
        BufferFigures buffers = default;
        if (!owner.TryGetFigures(out OwnerFigures figures) || (owner is IBufferOwner more && !more.TryGetBufferFigures(out buffers)))
        {
            return default;
        }

        // A sum has counters only.
        RetiredFigures last = default(RetiredFigures).Plus(new RetiredFigures(figures, buffers));
        return last with { Counters = last.Counters with { ReturnedBytes = figures.TotalCommittedBytes } };
    }

    /// <summary>The sums of the counters, without levels.</summary>
    public RetiredFigures Plus(in RetiredFigures other) => new(
        new OwnerFigures
        {
            TotalCommittedBytes = Counters.TotalCommittedBytes + other.Counters.TotalCommittedBytes,
            ReturnedBytes = Counters.ReturnedBytes + other.Counters.ReturnedBytes,
            DecommittedBytes = Counters.DecommittedBytes + other.Counters.DecommittedBytes,
            DepotExchanges = Counters.DepotExchanges + other.Counters.DepotExchanges,
            DepotHits = Counters.DepotHits + other.Counters.DepotHits,
            SourceRefills = Counters.SourceRefills + other.Counters.SourceRefills,
            SourceReturns = Counters.SourceReturns + other.Counters.SourceReturns,
            ReclaimedMagazines = Counters.ReclaimedMagazines + other.Counters.ReclaimedMagazines,
            InjectedFaults = Counters.InjectedFaults + other.Counters.InjectedFaults,
            Misuses = Counters.Misuses + other.Counters.Misuses,
            OutOfMemoryFlushes = Counters.OutOfMemoryFlushes + other.Counters.OutOfMemoryFlushes,
        },
        new BufferFigures
        {
            HandOvers = Buffers.HandOvers + other.Buffers.HandOvers,
            Acknowledgements = Buffers.Acknowledgements + other.Buffers.Acknowledgements,
            Revocations = Buffers.Revocations + other.Buffers.Revocations,
            Reinflations = Buffers.Reinflations + other.Buffers.Reinflations,
            Reclaims = Buffers.Reclaims + other.Buffers.Reclaims,
            QuotaRefusals = Buffers.QuotaRefusals + other.Buffers.QuotaRefusals,
        });
}
