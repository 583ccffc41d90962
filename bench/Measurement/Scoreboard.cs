using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Measurement;

/// <summary>All that a run has measured, and what follows from it: who is ahead, and by how much over all workloads.</summary>
internal sealed class Scoreboard
{
    public const string Engine = "magalloc";
    public const string Handle = "magalloc-handle";
    public const string Runtime = "native-memory";
    public const string Mimalloc = "mimalloc";

    private readonly HashSet<string> _peers;

    /// <param name="lines">In the order of measurement.</param>
    /// <param name="contenders">Those that were asked for.</param>
    public Scoreboard(IReadOnlyList<ComparisonLine> lines, IReadOnlyList<ContenderEntry> contenders)
    {
        Lines = lines;
        Contenders = contenders;
        _peers = [.. contenders.Where(entry => entry.Kind == ContenderKind.NativePeer).Select(entry => entry.Name)];
        Events = [.. lines.GroupBy(line => (line.Workload, line.Threads, line.AgedBy)).Select(Event)];
        Means =
        [
            .. from mean in new[] { WorkloadGroup.Board, WorkloadGroup.LargeAndAged }
            let events = Events.Where(e => e.Group == mean).ToArray()
            from name in new[] { Engine, Handle }
            where events.Any(e => e[name] is not null)
            select MeanOf(mean, name, events),
        ];
    }

    public IReadOnlyList<ComparisonLine> Lines { get; }

    public IReadOnlyList<ContenderEntry> Contenders { get; }

    /// <summary>One for each workload and number of threads, in the order of measurement.</summary>
    public IReadOnlyList<WorkloadEvent> Events { get; }

    /// <summary>For MagAlloc's default calls and for its thread handle, as far as they were measured; each group by itself.</summary>
    public IReadOnlyList<EngineMean> Means { get; }

    private WorkloadEvent Event(IGrouping<(string Workload, int Threads, string? AgedBy), ComparisonLine> lines)
    {
        Dictionary<string, ComparisonLine> measured = lines.Where(line => line.Summary is not null).ToDictionary(line => line.Contender);
        ComparisonLine? bestPeer = measured.Values.Where(line => _peers.Contains(line.Contender)).MinBy(line => line.Summary!.Median);
        return new WorkloadEvent(lines.Key.Workload, lines.Key.Threads, measured, bestPeer)
        {
            Group = lines.First().Group,
            AgedBy = lines.Key.AgedBy,
        };
    }

    private static EngineMean MeanOf(WorkloadGroup mean, string contender, WorkloadEvent[] events) => new(
        mean,
        contender,
        GeometricMean.Of(Ratios(contender, events, e => e.BestPeer)),
        GeometricMean.Of(Ratios(contender, events.Where(e => e.Threads == 1), e => e.BestPeer)),
        GeometricMean.Of(Ratios(contender, events, e => e[Runtime])),
        events.Count(e => e[contender] is not null));

    private static IEnumerable<double> Ratios(
        string contender,
        IEnumerable<WorkloadEvent> events,
        Func<WorkloadEvent, ComparisonLine?> other)
    {
        foreach (WorkloadEvent e in events)
        {
            if (e.Advantage(contender, other(e)) is { } ratio)
                yield return ratio;
        }
    }
}
