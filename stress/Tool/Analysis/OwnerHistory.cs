namespace MagAlloc.Tool.Analysis;

/// <summary>All that a trace says of one heap, pool, cache, domain or queue of buffers. Seconds count from the beginning of the trace.</summary>
internal sealed class OwnerHistory(long id)
{
    private readonly SortedDictionary<int, ClassHistory> _classes = [];
    private readonly List<OwnerSample> _samples = [];
    private int? _createdBy;
    private int? _firstFiguresBy;

    public long Id { get; } = id;

    public string Name { get; private set; } = $"#{id}";

    /// <summary>heap, pool, cache, domain or buffers.</summary>
    public string Kind { get; private set; } = "owner";

    /// <summary>
    /// True when it came into being while the trace ran: its counters began at 0. An owner that lived before is told to the session
    /// together with its figures, by one thread; for a new one the figures come from the thread that writes them at intervals, or, where
    /// it did not live long enough for that, with its end. Figures before the name are of one that lived before, told to an older session.
    /// (The very first owner of a process wakes the event source, which tells of it as of one that lived before; but it has not exchanged
    /// anything yet.)
    /// </summary>
    public bool BornInTrace =>
        _createdBy is not null
        && ((_createdBy != _firstFiguresBy && (Samples.Count == 0 || Samples[0].Seconds >= CreatedAt))
            || (Samples.Count == 1 && DisposedAt is not null)
            || Samples[0] is { DepotExchanges: 0, ReclaimedMagazines: 0, InjectedFaults: 0 });

    public double CreatedAt { get; private set; }

    public double? DisposedAt { get; set; }

    public IReadOnlyList<OwnerSample> Samples => _samples;

    public List<CommitPoint> Commits { get; } = [];

    public List<ReclaimPass> Passes { get; } = [];

    /// <summary>Exchanges with the depot in events, in both directions; 0 where the trace has none.</summary>
    public long ExchangesInEvents { get; set; }

    public long DecommittedBytes { get; set; }

    public long Trims { get; set; }

    public long TrimmedBytes { get; set; }

    public long SlabsClaimed { get; set; }

    public long SlabsRetired { get; set; }

    public long SampledAllocations { get; set; }

    /// <summary>What the sampled allocations stand for.</summary>
    public long SampledBytes { get; set; }

    public long OutOfMemory { get; set; }

    public long Leaks { get; set; }

    public long LeakedBytes { get; set; }

    /// <summary>Misuses by kind.</summary>
    public Dictionary<string, long> Misuses { get; } = [];

    /// <summary>Of a queue of exportable buffers; null of all others.</summary>
    public BufferHistory? Buffers { get; private set; }

    public string Title => $"{Kind} '{Name}'";

    /// <summary>The size classes that were in use, by their number.</summary>
    public IEnumerable<ClassHistory> Classes => _classes.Values;

    public long PeakCommittedBytes => Math.Max(
        Samples.Count == 0 ? 0 : Samples.Max(s => s.PeakCommittedBytes),
        Commits.Count == 0 ? 0 : Commits.Max(c => c.CommittedBytes));

    /// <summary>
    /// Exchanges while the trace ran. Counted in events where there are any, because they end with the session; the statistics stand in
    /// for them in a trace without.
    /// </summary>
    public long DepotExchanges => ExchangesInEvents != 0 ? ExchangesInEvents : Growth(s => s.DepotExchanges);

    /// <summary>Magazines that came home in passes of the worker while the trace ran.</summary>
    public long ReclaimedMagazines => Math.Max(Growth(s => s.ReclaimedMagazines), Passes.Sum(pass => pass.Magazines));

    public long InjectedFaults => Growth(s => s.InjectedFaults);

    /// <summary>The owner is named. It may be more than once: each session that joins is told of all owners.</summary>
    public void Named(string name, string kind, double seconds, int thread)
    {
        if (_createdBy is null)
            (_createdBy, CreatedAt) = (thread, seconds);
        (Name, Kind) = (name, kind);
    }

    public BufferHistory AsBuffers() => Buffers ??= new BufferHistory();

    public void Add(OwnerSample sample, int thread)
    {
        _firstFiguresBy ??= thread;
        _samples.Add(sample);
    }

    public void Add(ClassSample sample)
    {
        if (!_classes.TryGetValue(sample.SizeClass, out ClassHistory? history))
            _classes.Add(sample.SizeClass, history = new ClassHistory(sample.SizeClass, sample.BlockBytes));
        history.Add(sample);
    }

    /// <summary>How much a counter of the statistics grew during the trace.</summary>
    private long Growth(Func<OwnerSample, long> counter) =>
        Samples.Count == 0 ? 0 : counter(Samples[^1]) - (BornInTrace ? 0 : counter(Samples[0]));
}
