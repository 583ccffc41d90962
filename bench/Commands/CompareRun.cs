using MagAlloc.Bench.Children;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Reporting;
using MagAlloc.Bench.Workloads;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Hosting;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Commands;

/// <summary>Carries a comparison out: one workload after the other, every contender in a process of its own; then reports.</summary>
internal sealed class CompareRun(CompareRequest request, ProgramConsole console, Progress progress)
{
    // The longest step of a child is a warm-up of a few seconds, in which it may also read a trace or fill a large live set.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly List<ComparisonLine> _lines = [];

    /// <summary>Returns the exit code: a contender that failed, and a run that was interrupted, are failures.</summary>
    public int Execute()
    {
        // Both are opened now: a run of many minutes must not end in "permission denied".
        using OutputFile? json = OutputFile.Open("--json", request.JsonFile);
        ReportFolder? folder = ReportFolder.Open(request.ReportFolder);
        using Interruption interruption = new();
        bool complete = CompareAll(interruption.Token);

        Scoreboard board = new(_lines, request.Contenders);
        if (_lines.Count != 0)
        {
            SummaryTable.Print(console, board);
            json?.Write(new ComparisonJson(request.Pace, board), BenchJson.Default.ComparisonJson);
            folder?.Write(new Report(board, request.Pace));
        }

        if (!complete)
            console.Failure("interrupted: the workloads that were finished are reported");
        return (complete || StandardStreams.OutputEnded.IsCancellationRequested) && !_lines.Any(line => line.Failed) ? ExitCode.Pass : ExitCode.Failure;
    }

    private bool CompareAll(CancellationToken interruption)
    {
        try
        {
            foreach (WorkloadEntry entry in request.Workloads)
            {
                ThreadPlan plan = ThreadPlan.For(entry, request.Threads);
                foreach (int threads in plan.Counts)
                {
                    Compare(entry, threads, null, interruption);
                    foreach (string agedBy in Agers(entry))
                        Compare(entry, threads, agedBy, interruption);
                }

                if (plan.Note is { } note)
                    console.Line($"{entry.Name}: {note}");
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            progress.End();
            return false;
        }
    }

    // A process that starts has no heap that could be old, and a workload ages its own heap as it is.
    private IEnumerable<string> Agers(WorkloadEntry entry) =>
        entry.Name == ColdStartWorkload.StableName ? [] : request.AgedBy.Where(name => name != entry.Name);

    private void Compare(WorkloadEntry entry, int threads, string? agedBy, CancellationToken interruption)
    {
        string title = WorkloadEvent.TitleOf(entry.Name, threads, agedBy);
        console.Heading($"{title}: {entry.Description}");
        progress.Begin(title);
        List<ChildEntrant> entrants = [];
        try
        {
            foreach (ContenderEntry contender in request.Contenders)
                entrants.Add(Entrant(entry, threads, agedBy, contender, interruption));
            ChildComparison comparison = new(entry.Name, threads, entrants, request.Pace, progress);
            IReadOnlyList<ComparisonLine> lines = [.. comparison.Run().Select(line => line with { Group = entry.GroupWhen(agedBy), AgedBy = agedBy })];
            progress.End();
            _lines.AddRange(lines);
            ComparisonTable.Print(console, comparison, lines);
        }
        finally
        {
            foreach (ChildEntrant entrant in entrants)
                entrant.Dispose();
        }
    }

    private ChildEntrant Entrant(
        WorkloadEntry entry, int threads, string? agedBy, ContenderEntry contender, CancellationToken interruption)
    {
        IPeerSpec? peer = request.Peers.FirstOrDefault(spec => spec.Name == contender.Name);
        ChildAssignment assignment = new(entry.Name, contender.Name, threads, request.Pace, peer, agedBy);
        return new ChildEntrant(contender.Name, ChildLauncher.Start(assignment, contender), s_patience, interruption);
    }
}
