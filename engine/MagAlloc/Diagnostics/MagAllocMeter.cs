using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using MagAlloc.Events;

namespace MagAlloc.Diagnostics;

/// <summary>The meter <c>MagAlloc</c>: what the owners' books say, read when somebody asks.</summary>
/// <remarks>
/// All instruments are observable: nothing is counted for them, and without a listener they cost nothing. Owners of one name and kind
/// are one series: their figures are summed, and what those had counted that were disposed of counts on while another one lives. Names and units
/// follow OpenTelemetry; the first four verbs are those of <c>aspnetcore.memory_pool</c>.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "One a process, for as long as it lives.")]
internal sealed class MagAllocMeter
{
    public const string MeterName = "MagAlloc";
    public const string OwnerNameTag = "magalloc.owner.name";
    public const string OwnerKindTag = "magalloc.owner.kind";
    public const string SizeClassTag = "magalloc.size_class";
    public const string CacheLevelTag = "magalloc.cache.level";
    public const string BufferStateTag = "magalloc.buffer.state";

    private const string Bytes = "By";

    // Reads begin anew when an owner ends in the middle of one; where they end without a pause, what there is must do.
    private const int MostAttempts = 16;

    // Held, because a listener may look for instruments at any time.
    private static readonly MagAllocMeter s_instance = new();

    private readonly Meter _meter = new(MeterName, typeof(MagAllocMeter).Assembly.GetName().Version?.ToString());

    private MagAllocMeter()
    {
        Publish(() => _meter.CreateObservableUpDownCounter("magalloc.memory.pooled", Pooled, Bytes, "Free bytes that are kept for reuse, by cache level."));
        Counter("magalloc.memory.allocated", Bytes, "Bytes committed from the operating system.", static f => f.TotalCommittedBytes);
        Counter("magalloc.memory.evicted", Bytes, "Bytes given back to the operating system.", static f => f.ReturnedBytes);
        UpDown("magalloc.memory.rented", Bytes, "Bytes that callers hold.", static f => f.AllocatedBytes);
        UpDown("magalloc.memory.committed", Bytes, "Bytes that physical memory may stand behind.", static f => f.CommittedBytes);
        UpDown("magalloc.memory.reserved", Bytes, "Address space.", static f => f.ReservedBytes);
        Gauge("magalloc.memory.peak", Bytes, "Highest committed bytes so far.", static f => f.PeakCommittedBytes);
        UpDown("magalloc.threads", "{thread}", "Living threads that have a cache.", static f => f.Threads);
        UpDown("magalloc.depot.magazines", "{magazine}", "Full magazines in depots.", static f => f.DepotMagazines);
        Counter("magalloc.depot.exchanges", "{magazine}", "Full magazines that moved between threads and depots, either way.", static f => f.DepotExchanges);
        Counter("magalloc.depot.hits", "{magazine}", "Full magazines that threads took out of depots.", static f => f.DepotHits);
        Counter("magalloc.source.refills", "{batch}", "Batches that threads took from slabs, source or tree.", static f => f.SourceRefills);
        Counter("magalloc.source.returns", "{batch}", "Batches that threads returned to slabs, source or tree.", static f => f.SourceReturns);
        Counter("magalloc.reclaim.magazines", "{magazine}", "Full magazines that reclaim passes emptied.", static f => f.ReclaimedMagazines);
        Counter("magalloc.out_of_memory.flushes", "{flush}", "Allocations that found nothing and flushed the caches.", static f => f.OutOfMemoryFlushes);
        Counter("magalloc.faults", "{fault}", "Faults that plans injected.", static f => f.InjectedFaults);
        Counter("magalloc.misuses", "{misuse}", "Misuses found.", static f => f.Misuses);
        Publish(() => _meter.CreateObservableUpDownCounter("magalloc.buffers.current", BuffersByState, "{buffer}", "Exportable buffers by what became of them."));
        BufferUpDown("magalloc.buffers.orphaned", Bytes, "Bytes of released buffers that importers hold.", static f => f.OrphanedBytes);
        BufferUpDown("magalloc.buffers.importers", "{importer}", "Connected importers.", static f => f.Importers);
        BufferCounter("magalloc.buffers.handovers", "{frame}", "Frames handed to importers.", static f => f.HandOvers);
        BufferCounter("magalloc.buffers.acknowledgements", "{frame}", "Frames that importers acknowledged.", static f => f.Acknowledgements);
        BufferCounter("magalloc.buffers.revocations", "{buffer}", "Buffers whose pages were dropped while they were held.", static f => f.Revocations);
        BufferCounter("magalloc.buffers.reinflations", "{buffer}", "Times that a holder brought pages of a revoked buffer back.", static f => f.Reinflations);
        BufferCounter("magalloc.buffers.reclaims", "{buffer}", "Released buffers that were held, and are gone.", static f => f.Reclaims);
        BufferCounter("magalloc.buffers.refusals", "{request}", "Requests refused for a quota.", static f => f.QuotaRefusals);
        ClassUpDown("magalloc.class.allocated", "{block}", "Blocks of a class that callers hold.", static c => c.AllocatedBlocks);
        ClassUpDown("magalloc.class.cached", "{block}", "Blocks of a class in threads' magazines and depots.", static c => c.ThreadCachedBlocks + c.DepotCachedBlocks, ofSlabs: false);
        ClassUpDown("magalloc.class.slabs", "{slab}", "Slabs of a class.", static c => c.Slabs);
        ClassUpDown("magalloc.class.waste", Bytes, "Bytes of a class's slabs that no caller holds.", static c => c.WasteBytes);
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "The layers below cannot name this one; a delegate is all that a program pays that makes no heap.")]
    internal static void Register() => OwnerRegistry.Instance.WhenFirst(Start);

    private static void Start()
    {
        try
        {
            RuntimeHelpers.RunClassConstructor(typeof(MagAllocMeter).TypeHandle);
        }
        catch (TypeInitializationException)
        {
            // No memory for it: the program goes without instruments, and has its heap.
        }
    }

    /// <summary>Makes an instrument. Its listeners are called, and whose fails must not cost others the instrument, or a program its heap.</summary>
    private static void Publish(Func<Instrument> create)
    {
        try
        {
            create();
        }
#pragma warning disable CA1031 // Whatever a listener throws.
        catch (Exception)
#pragma warning restore CA1031
        {
            // The instrument is there, and the next listener finds it.
        }
    }

    private static KeyValuePair<string, object?>[] Tags((string Name, string Kind) owner, string tag, object value)
        => [new(OwnerNameTag, owner.Name), new(OwnerKindTag, owner.Kind), new(tag, value)];

    private static Dictionary<(string Name, string Kind), List<OwnerFigures>> Read()
    {
        Dictionary<(string, string), List<OwnerFigures>> read = [];
        for (int attempt = 1; !TryRead(OwnerRegistry.Instance.Census, read) && attempt < MostAttempts; attempt++)
        {
            read.Clear();
        }

        return read;
    }

    /// <returns>
    /// False when an owner has ended since the census was taken, which says neither what it has nor what it had counted: the next one does.
    /// </returns>
    private static bool TryRead(OwnerCensus census, Dictionary<(string Name, string Kind), List<OwnerFigures>> read)
    {
        bool hasAll = true;
        foreach (IEventOwner owner in census.Living)
        {
            if (!owner.TryGetFigures(out OwnerFigures figures))
            {
                hasAll = false;
                continue;
            }

            if (!read.TryGetValue(OwnerCensus.KeyOf(owner), out List<OwnerFigures>? same))
            {
                read.Add(OwnerCensus.KeyOf(owner), same = [census.RetiredBeside(owner).Counters]);
            }

            same.Add(figures);
        }

        return hasAll || ReferenceEquals(census, OwnerRegistry.Instance.Census);
    }

    private static IEnumerable<Measurement<long>> Observe(Func<OwnerFigures, long> figure)
    {
        foreach (((string Name, string Kind) owner, List<OwnerFigures> same) in Read())
        {
            yield return new Measurement<long>(same.Sum(figure), new(OwnerNameTag, owner.Name), new(OwnerKindTag, owner.Kind));
        }
    }

    private static IEnumerable<Measurement<long>> Pooled()
    {
        foreach (((string Name, string Kind) owner, List<OwnerFigures> same) in Read())
        {
            yield return new Measurement<long>(same.Sum(static f => f.ThreadCachedBytes), Tags(owner, CacheLevelTag, "thread"));
            yield return new Measurement<long>(same.Sum(static f => f.DepotCachedBytes), Tags(owner, CacheLevelTag, "depot"));
            yield return new Measurement<long>(same.Sum(static f => f.FreeBytes), Tags(owner, CacheLevelTag, "source"));
        }
    }

    /// <param name="figure">Of a class.</param>
    /// <param name="ofSlabs">Only owners whose blocks come out of slabs know it.</param>
    private static List<Measurement<long>> ObserveClasses(Func<ClassFigures, long> figure, bool ofSlabs)
    {
        Dictionary<(string Name, string Kind, long BlockBytes), long> sums = [];
        Span<ClassFigures> classes = stackalloc ClassFigures[OwnerRegistry.MostClasses];
        foreach (IEventOwner owner in OwnerRegistry.Instance.Living)
        {
            if (ofSlabs && owner.Kind is OwnerKind.Domain or OwnerKind.Cache)
            {
                continue;
            }

            foreach (ref readonly ClassFigures one in classes[..owner.GetClassFigures(classes)])
            {
                (string, string, long) key = (owner.Name, owner.Kind, one.BlockBytes);
                sums[key] = sums.GetValueOrDefault(key) + figure(one);
            }
        }

        return [.. sums.Select(sum => new Measurement<long>(sum.Value, Tags((sum.Key.Name, sum.Key.Kind), SizeClassTag, sum.Key.BlockBytes)))];
    }

    private static List<(string Name, BufferFigures Figures)> ReadBuffers()
    {
        List<(string, BufferFigures)> read = [];
        for (int attempt = 1; !TryReadBuffers(OwnerRegistry.Instance.Census, read) && attempt < MostAttempts; attempt++)
        {
            read.Clear();
        }

        return read;
    }

    /// <inheritdoc cref="TryRead"/>
    private static bool TryReadBuffers(OwnerCensus census, List<(string Name, BufferFigures Figures)> read)
    {
        bool hasAll = true;
        HashSet<string> living = [];
        foreach (IBufferOwner owner in census.Living.OfType<IBufferOwner>())
        {
            if (!owner.TryGetBufferFigures(out BufferFigures figures))
            {
                hasAll = false;
                continue;
            }

            read.Add((owner.Name, figures));
            if (living.Add(owner.Name))
            {
                read.Add((owner.Name, census.RetiredBeside(owner).Buffers));
            }
        }

        return hasAll || ReferenceEquals(census, OwnerRegistry.Instance.Census);
    }

    private static IEnumerable<Measurement<long>> BuffersByState()
    {
        foreach (IGrouping<string, BufferFigures> same in ReadBuffers().GroupBy(one => one.Name, one => one.Figures))
        {
            (string, string) owner = (same.Key, OwnerKind.Buffers);
            yield return new Measurement<long>(same.Sum(static f => f.LiveBuffers), Tags(owner, BufferStateTag, "live"));
            yield return new Measurement<long>(same.Sum(static f => f.OrphanedBuffers), Tags(owner, BufferStateTag, "orphaned"));
            yield return new Measurement<long>(same.Sum(static f => f.RevokedBuffers), Tags(owner, BufferStateTag, "revoked"));
        }
    }

    private static IEnumerable<Measurement<long>> ObserveBuffers(Func<BufferFigures, long> figure) =>
        ReadBuffers().GroupBy(one => one.Name, one => one.Figures)
            .Select(same => new Measurement<long>(same.Sum(figure), new(OwnerNameTag, same.Key), new(OwnerKindTag, OwnerKind.Buffers)));

    private void BufferCounter(string name, string unit, string description, Func<BufferFigures, long> figure)
        => Publish(() => _meter.CreateObservableCounter(name, () => ObserveBuffers(figure), unit, description));

    private void BufferUpDown(string name, string unit, string description, Func<BufferFigures, long> figure)
        => Publish(() => _meter.CreateObservableUpDownCounter(name, () => ObserveBuffers(figure), unit, description));

    private void Counter(string name, string unit, string description, Func<OwnerFigures, long> figure)
        => Publish(() => _meter.CreateObservableCounter(name, () => Observe(figure), unit, description));

    private void UpDown(string name, string unit, string description, Func<OwnerFigures, long> figure)
        => Publish(() => _meter.CreateObservableUpDownCounter(name, () => Observe(figure), unit, description));

    private void Gauge(string name, string unit, string description, Func<OwnerFigures, long> figure)
        => Publish(() => _meter.CreateObservableGauge(name, () => Observe(figure), unit, description));

    private void ClassUpDown(string name, string unit, string description, Func<ClassFigures, long> figure, bool ofSlabs = true)
        => Publish(() => _meter.CreateObservableUpDownCounter(name, () => ObserveClasses(figure, ofSlabs), unit, description));
}
