using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Measurement;

/// <summary>
/// Measures all contenders at one workload, in one process: everybody is warmed up before anybody is measured, then the rounds
/// go round by round through all contenders, in another order each time. So what the machine does meanwhile (frequency, heat,
/// neighbours) falls on all alike, and nobody always follows the same predecessor.
/// </summary>
internal sealed class WorkloadComparison(Workload workload, IReadOnlyList<Contender> contenders, LaneTeam team, Pace pace)
{
    private const int OrderSeed = 20260;

    /// <summary>One line for each contender, in the order given, those that could not take part included.</summary>
    public IReadOnlyList<ComparisonLine> Run()
    {
        Dictionary<string, string> skipped = [];
        List<Entrant> entrants = [];
        foreach (Contender contender in contenders)
        {
            if ((contender.Absence ?? contender.Objection(workload)) is { } reason)
                skipped.Add(contender.Name, reason);
            else
                entrants.Add(new Entrant(contender.Name, contender.Enter(workload), workload.Threads, team));
        }

        foreach (Entrant entrant in entrants)
        {
            entrant.Prepare();
            entrant.WarmUp(pace);
        }

        Measure(entrants);
        foreach (Entrant entrant in entrants)
            entrant.Clean();

        return [.. contenders.Select(contender => Line(contender, skipped, entrants))];
    }

    private void Measure(List<Entrant> entrants)
    {
        Random order = new(OrderSeed);
        Entrant[] sequence = [.. entrants];

        // A collection that the set-up made due shall not fall into somebody's round.
        GC.Collect();
        for (int round = 0; round < pace.Rounds; round++)
        {
            order.Shuffle(sequence);
            foreach (Entrant entrant in sequence)
                entrant.RunRound();
        }
    }

    private ComparisonLine Line(Contender contender, Dictionary<string, string> skipped, List<Entrant> entrants)
    {
        if (skipped.TryGetValue(contender.Name, out string? reason))
            return new ComparisonLine(workload.Name, contender.Name, workload.Threads, null, contender.Absence is not null, reason);
        Entrant entrant = entrants.Single(e => e.Contender == contender.Name);
        return new ComparisonLine(workload.Name, contender.Name, workload.Threads, RoundSummary.Of(entrant), false, null);
    }
}
