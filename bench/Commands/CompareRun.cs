using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Reporting;
using MagAlloc.Bench.Workloads;
using MagAlloc.Stress.Reporting;

namespace MagAlloc.Bench.Commands;

/// <summary>Carries a comparison out: makes the contenders, runs one workload after the other, reports.</summary>
internal static class CompareRun
{
    public static void Execute(
        IReadOnlyList<WorkloadEntry> workloads,
        IReadOnlyList<ContenderEntry> entries,
        Pace pace,
        string? jsonFile,
        StressConsole console)
    {
        using JsonFile? json = JsonFile.Open(jsonFile);
        List<ComparisonLine> all = [];
        List<Contender> contenders = [];
        try
        {
            foreach (ContenderEntry entry in entries)
                contenders.Add(entry.Create());
            foreach (WorkloadEntry entry in workloads)
                all.AddRange(Compare(entry, contenders, pace, console));
        }
        finally
        {
            foreach (Contender contender in contenders)
                contender.Dispose();
        }

        json?.Write(writer => ComparisonJson.Write(writer, pace, all));
    }

    private static IReadOnlyList<ComparisonLine> Compare(WorkloadEntry entry, List<Contender> contenders, Pace pace, StressConsole console)
    {
        // Nothing is shown while it is measured: a spinner's thread would take its share of the processors.
        console.Heading($"{entry.Name}: {entry.Description}");
        using Workload workload = entry.Create();
        using LaneTeam team = new(workload.Threads);
        IReadOnlyList<ComparisonLine> lines = new WorkloadComparison(workload, contenders, team, pace).Run();
        ComparisonTable.Print(console, workload.Operation, lines);
        return lines;
    }
}
