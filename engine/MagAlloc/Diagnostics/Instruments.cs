using MagAlloc.Events;

namespace MagAlloc.Diagnostics;

/// <summary>The table of instruments: what each is called, what it means, and how it is read of an owner. docs/observability.md prints it.</summary>
internal static class Instruments
{
    public const string OwnerNameTag = "magalloc.owner.name";
    public const string OwnerKindTag = "magalloc.owner.kind";
    public const string SizeClassTag = "magalloc.size_class";
    public const string CacheLevelTag = "magalloc.cache.level";
    public const string BufferStateTag = "magalloc.buffer.state";

    private const string Bytes = "By";

    public static InstrumentOfOwners[] All { get; } =
    [
        Level("magalloc.memory.allocated", Bytes, "Bytes that callers hold.", static l => l.AllocatedBytes),
        new("magalloc.memory.cached", InstrumentKind.Level, Bytes, "Free bytes in magazines, by cache level.", CacheLevelTag, static owner =>
            owner.TryRead(out Ledger ledger) ? [("thread", ledger.ThreadCachedBytes), ("depot", ledger.DepotCachedBytes)] : []),
        Level("magalloc.memory.free", Bytes, "Free bytes in slabs or in the tree of ranges.", static l => l.FreeBytes),
        Level("magalloc.memory.committed", Bytes, "Bytes that physical memory may stand behind.", static l => l.CommittedBytes),
        new("magalloc.memory.peak", InstrumentKind.Gauge, Bytes, "Highest committed bytes so far.", null, Whole(static l => l.PeakCommittedBytes)),
        Counter("magalloc.memory.obtained", Bytes, "Bytes committed from the operating system.", static l => l.ObtainedBytes),
        Counter("magalloc.memory.returned", Bytes, "Bytes given back to the operating system.", static l => l.ReturnedBytes),
        Level("magalloc.memory.reserved", Bytes, "Address space.", static l => l.ReservedBytes),
        Level("magalloc.threads", "{thread}", "Living threads that have a cache.", static l => l.Threads),
        Level("magalloc.depot.magazines", "{magazine}", "Full magazines in depots.", static l => l.DepotMagazines),
        Counter("magalloc.depot.exchanges", "{magazine}", "Full magazines that moved between threads and depots, either way.", static l => l.DepotExchanges),
        Counter("magalloc.depot.hits", "{magazine}", "Full magazines that threads took out of depots.", static l => l.DepotHits),
        Counter("magalloc.source.refills", "{batch}", "Batches that threads took from slabs, source or tree.", static l => l.SourceRefills),
        Counter("magalloc.source.returns", "{batch}", "Batches that threads returned to slabs, source or tree.", static l => l.SourceReturns),
        Counter("magalloc.reclaim.magazines", "{magazine}", "Full magazines that reclaim passes emptied.", static l => l.ReclaimedMagazines),
        Counter("magalloc.out_of_memory.flushes", "{flush}", "Allocations that found nothing and flushed the caches.", static l => l.OutOfMemoryFlushes),
        Counter("magalloc.faults", "{fault}", "Faults that plans injected.", static l => l.InjectedFaults),
        Counter("magalloc.misuses", "{misuse}", "Misuses found.", static l => l.Misuses),
        new("magalloc.buffers.current", InstrumentKind.Level, "{buffer}", "Exportable buffers by what became of them.", BufferStateTag, static owner =>
            owner.Kind == OwnerKind.Buffers && owner.TryRead(out Ledger ledger)
                ? [("live", ledger.LiveBuffers), ("orphaned", ledger.OrphanedBuffers), ("revoked", ledger.RevokedBuffers)] : []),
        BufferLevel("magalloc.buffers.orphaned", Bytes, "Bytes of released buffers that importers hold.", static l => l.OrphanedBytes),
        BufferLevel("magalloc.buffers.importers", "{importer}", "Connected importers.", static l => l.Importers),
        BufferCounter("magalloc.buffers.handovers", "{frame}", "Frames handed to importers.", static l => l.HandOvers),
        BufferCounter("magalloc.buffers.acknowledgements", "{frame}", "Frames that importers acknowledged.", static l => l.Acknowledgements),
        BufferCounter("magalloc.buffers.revocations", "{buffer}", "Buffers whose pages were dropped while they were held.", static l => l.Revocations),
        BufferCounter("magalloc.buffers.reinflations", "{buffer}", "Times that a holder brought pages of a revoked buffer back.", static l => l.Reinflations),
        BufferCounter("magalloc.buffers.reclaims", "{buffer}", "Released buffers that were held, and are gone.", static l => l.Reclaims),
        BufferCounter("magalloc.buffers.refusals", "{request}", "Requests refused for a quota.", static l => l.QuotaRefusals),
        OfClasses("magalloc.class.allocated", "{block}", "Blocks of a class that callers hold.", static c => c.AllocatedBlocks),
        OfClasses("magalloc.class.cached", "{block}", "Blocks of a class in threads' magazines and depots.", static c => c.ThreadCachedBlocks + c.DepotCachedBlocks, ofSlabs: false),
        OfClasses("magalloc.class.slabs", "{slab}", "Slabs of a class.", static c => c.Slabs),
        OfClasses("magalloc.class.waste", Bytes, "Bytes of a class's slabs that no caller holds.", static c => c.WasteBytes),
    ];

    private static InstrumentOfOwners Counter(string name, string unit, string description, Func<Ledger, long> read)
        => new(name, InstrumentKind.Counter, unit, description, null, Whole(read));

    private static InstrumentOfOwners Level(string name, string unit, string description, Func<Ledger, long> read)
        => new(name, InstrumentKind.Level, unit, description, null, Whole(read));

    private static InstrumentOfOwners BufferCounter(string name, string unit, string description, Func<Ledger, long> read)
        => new(name, InstrumentKind.Counter, unit, description, null, OfBuffers(read));

    private static InstrumentOfOwners BufferLevel(string name, string unit, string description, Func<Ledger, long> read)
        => new(name, InstrumentKind.Level, unit, description, null, OfBuffers(read));

    // Of slabs: only owners whose blocks come out of slabs know it.
    private static InstrumentOfOwners OfClasses(string name, string unit, string description, Func<SizeClassStatistics, long> read, bool ofSlabs = true)
        => new(name, InstrumentKind.Level, unit, description, SizeClassTag, owner =>
        {
            var classes = new SizeClassStatistics[OwnerRegistry.MostClasses];
            int count = ofSlabs && owner.Kind is OwnerKind.Domain or OwnerKind.Cache ? 0 : owner.ReadClasses(classes);
            return classes.Take(count).Select(one => ((object?)one.BlockBytes, read(one)));
        });

    private static Func<IEventOwner, IEnumerable<(object? Part, long Value)>> Whole(Func<Ledger, long> read)
        => owner => owner.TryRead(out Ledger ledger) ? [(null, read(ledger))] : [];

    private static Func<IEventOwner, IEnumerable<(object? Part, long Value)>> OfBuffers(Func<Ledger, long> read)
        => owner => owner.Kind == OwnerKind.Buffers && owner.TryRead(out Ledger ledger) ? [(null, read(ledger))] : [];
}
