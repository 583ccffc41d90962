using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Reporting;

namespace MagAlloc.Bench.Children;

/// <summary>
/// Measures all contenders at one workload, each in a process of its own: what the JIT has learnt, the resident set and the
/// environment are its alone. All are warmed up before any is measured; then the rounds go round by round through all of them, in
/// another order each time, so that what the machine does meanwhile falls on all alike, and nobody always follows the same
/// predecessor.
/// </summary>
internal sealed class ChildComparison(
    string workload,
    int threads,
    IReadOnlyList<ChildEntrant> entrants,
    Pace pace,
    Progress progress)
{
    private const int OrderSeed = 20260;

    // Of the machine's memory, the part that the children may fill.
    private const double MemoryShare = 0.7;

    /// <summary>Bytes that the children of a group may have resident together.</summary>
    public long MemoryBudget { get; init; } = (long)(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes * MemoryShare);

    /// <summary>What one operation is; null when nobody took part.</summary>
    public string? Operation => entrants.FirstOrDefault(entrant => entrant.Operation is not null)?.Operation;

    /// <summary>More than one when the machine's memory does not hold all children at a time.</summary>
    public int Groups { get; private set; }

    /// <summary>One line for each contender, in the order given, those that could not take part included.</summary>
    public IReadOnlyList<ComparisonLine> Run()
    {
        for (int measured = 0; measured < entrants.Count;)
        {
            List<ChildEntrant> group = WarmUp(measured);
            measured += group.Count;
            Groups++;
            Measure(group);
            TimeAllocations(group);
            Finish(group);
        }

        return [.. entrants.Select(entrant => entrant.Line(workload, threads))];
    }

    // Starts as many as the memory holds, and not fewer than one.
    private List<ChildEntrant> WarmUp(int first)
    {
        List<ChildEntrant> group = [];
        int ready = 0;
        while (first + group.Count < entrants.Count && (ready == 0 || Fits(group)))
        {
            ChildEntrant entrant = entrants[first + group.Count];
            progress.Show($"warming up {entrant.Contender}, {first + group.Count + 1} of {entrants.Count}");
            entrant.Start();
            group.Add(entrant);
            if (group.Count - ready >= pace.StartAhead)
                group[ready++].AwaitReady();
        }

        while (ready < group.Count)
            group[ready++].AwaitReady();
        return group;
    }

    private bool Fits(List<ChildEntrant> group)
    {
        long[] peaks = [.. group.Select(entrant => entrant.PeakBytes)];
        return peaks.Sum() + (2 * peaks.Max()) < MemoryBudget;
    }

    private void Measure(List<ChildEntrant> group)
    {
        Random order = new(OrderSeed);
        ChildEntrant[] sequence = [.. group.Where(entrant => entrant.TakesPart)];
        int rounds = sequence.Any(entrant => entrant.Idles) ? Math.Min(pace.Rounds, pace.Bursts) : pace.Rounds;
        for (int round = 0; round < rounds; round++)
        {
            progress.Show($"round {round + 1} of {rounds}");
            order.Shuffle(sequence);
            foreach (ChildEntrant entrant in sequence)
                entrant.RunRound();
        }
    }

    // Loops with a clock in them are compiled anew. That may overlap, the timing itself may not.
    private void TimeAllocations(List<ChildEntrant> group)
    {
        ChildEntrant[] timed = [.. group.Where(entrant => entrant.TakesPart)];
        Overlapping(timed, entrant => entrant.Begin(Protocol.Rehearse), entrant => entrant.AwaitDone());
        foreach (ChildEntrant entrant in timed)
        {
            progress.Show($"timing single allocations of {entrant.Contender}");
            entrant.Begin(Protocol.Latency);
            entrant.AwaitDone();
        }
    }

    private void Finish(List<ChildEntrant> group)
    {
        ChildEntrant[] measured = [.. group.Where(entrant => entrant.TakesPart)];
        Overlapping(measured, entrant => entrant.Begin(Protocol.Finish), entrant => entrant.AwaitFigures());
    }

    // As many at a time as warm up at a time.
    private void Overlapping(ChildEntrant[] sequence, Action<ChildEntrant> begin, Action<ChildEntrant> end)
    {
        for (int i = 0; i < sequence.Length + pace.StartAhead - 1; i++)
        {
            if (i < sequence.Length)
            {
                progress.Show($"{sequence[i].Contender}, {i + 1} of {sequence.Length}");
                begin(sequence[i]);
            }

            int awaited = i - pace.StartAhead + 1;
            if (awaited >= 0)
                end(sequence[awaited]);
        }
    }
}
