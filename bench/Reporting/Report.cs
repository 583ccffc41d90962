using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Reporting;

/// <summary>What a report says, apart from the form: text, tables and charts in their order.</summary>
internal sealed class Report
{
    public Report(Scoreboard board, Pace pace)
    {
        Board = board;
        Facts =
        [
            ("Processor", $"{Machine.Processor ?? "unknown"}, {Environment.ProcessorCount} logical"),
            ("System", Machine.System),
            ("Runtime", Machine.Runtime),
            ("Pace", $"{pace.Name}: {pace.Rounds} rounds of about {pace.Round.TotalMilliseconds:0} ms for each contender"),
            ("Date", DateTime.UtcNow.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture)),
        ];
        Sentences = [.. board.Means.Select(SummaryTable.Sentence)];
        Charts = [.. ReportCharts.Of(board)];
        Tables = [.. ReportTables.Of(board)];
        Missing = ReportTables.Missing(board);
    }

    public static string Title => "MagAlloc against what a .NET program would use in its place";

    public static string Method => """
        Every contender runs in a process of its own, started for one workload and one number of threads, and is warmed up until
        the JIT has come to rest; then the rounds go through all contenders in turn, in another order each time. Times are medians
        of the rounds, in wall-clock nanoseconds per operation of all threads together. Memory is the growth of the resident set
        from before the contender was made up to its peak. Latencies are of single allocations, timed in a pass of their own, with
        reading the clock included. The best native peer is the fastest native library that is called with SuppressGCTransition.
        """;

    public Scoreboard Board { get; }

    public IReadOnlyList<(string Name, string Value)> Facts { get; }

    /// <summary>The means in words.</summary>
    public IReadOnlyList<string> Sentences { get; }

    public IReadOnlyList<ReportChart> Charts { get; }

    public IReadOnlyList<ReportTable> Tables { get; }

    /// <summary>Who has no figures, and why; each reason once.</summary>
    public IReadOnlyList<string> Missing { get; }
}
