using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Gate.Reference;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Gate.Rounds;

/// <summary>The measured side of a ratio, in a process of its own: contenders and reference in turn, many short rounds.</summary>
internal static class RoundsRun
{
    public const string Reference = "reference";

    /// <summary>Short, so that few rounds are disturbed, and many, so that enough are not.</summary>
    public static Pace Pace { get; } = new("gate", 100, TimeSpan.FromMilliseconds(3), TimeSpan.FromMilliseconds(100))
    {
        LatencyPass = TimeSpan.Zero,
        Idle = TimeSpan.Zero,
        LongIdle = TimeSpan.Zero,
        Ageing = TimeSpan.Zero,
        Bursts = 0,
        StartAhead = 0,
    };

    public static RoundsReport Execute(WorkloadEntry entry, IReadOnlyList<ContenderEntry> entries)
    {
        List<Contender> contenders = [.. entries.Select(e => e.Create()), NewReference()];
        try
        {
            using Workload workload = entry.Create(entry.Threads.Default);
            using LaneTeam team = new(workload.Threads);
            List<Entrant> entrants = [.. contenders.Select(c => new Entrant(c.Name, c.Enter(workload), workload.Threads, team))];
            return Measure(entry.Name, entrants);
        }
        finally
        {
            foreach (Contender contender in contenders)
                contender.Dispose();
        }
    }

    /// <summary>Warms the entrants up and runs their rounds in turn.</summary>
    public static RoundsReport Measure(string workload, IReadOnlyList<Entrant> entrants)
    {
        foreach (Entrant entrant in entrants)
        {
            entrant.Prepare();
            entrant.WarmUp(Pace);
        }

        GC.Collect();
        for (int round = 0; round < Pace.Rounds; round++)
        {
            // There and back again: in every two rounds each neighbour comes first once.
            for (int i = 0; i < entrants.Count; i++)
                entrants[(round & 1) == 0 ? i : entrants.Count - 1 - i].RunRound();
        }

        foreach (Entrant entrant in entrants)
            entrant.Clean();
        return new RoundsReport(workload, entrants.All(e => e.Settled), entrants.ToDictionary(e => e.Contender, e => e.NsPerOperation));
    }

    private static HeapContender<SharedSession<ReferenceSession>, ReferenceSession> NewReference() => new(Reference, default);
}
