using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Workloads;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Reporting;

/// <summary>The table at the end: MagAlloc against the best native peer and NativeMemory at each workload, and over all.</summary>
internal static class SummaryTable
{
    public static IReadOnlyList<string> Headers { get; } =
    [
        "workload", "magalloc ns", "handle ns", "best peer ns", "× faster", "handle ×", "NativeMemory ×", "memory MiB", "mimalloc MiB",
    ];

    public static void Print(ProgramConsole console, Scoreboard board)
    {
        // Without MagAlloc, or with a single contender, there is nothing to sum up.
        if (board.Means.Count == 0 || board.Contenders.Count == 1)
            return;
        console.Heading("MagAlloc against the best native peer");
        console.Grid(Headers, [.. board.Events.Select(Row)]);
        foreach (EngineMean mean in board.Means)
            console.Line(Sentence(mean));
    }

    /// <summary>A mean in words.</summary>
    public static string Sentence(EngineMean mean)
    {
        List<string> parts = [];
        if (mean.BestPeer is { } peer)
            parts.Add($"{Figure.Ratio(peer)} × as fast as the best native peer");
        if (mean.BestPeerSingleThread is { } single)
            parts.Add($"{Figure.Ratio(single)} × on one thread");
        if (mean.NativeMemory is { } runtime)
            parts.Add($"{Figure.Ratio(runtime)} × as fast as NativeMemory");
        string means = parts.Count == 0 ? "nobody to compare with" : string.Join(", ", parts);
        string group = mean.Group == WorkloadGroup.LargeAndAged ? ", large and aged" : "";
        return $"{mean.Contender}{group}: {means} (geometric means, {mean.Workloads} {(mean.Workloads == 1 ? "workload" : "workloads")})";
    }

    public static IReadOnlyList<string> Row(WorkloadEvent e) =>
    [
        e.Title,
        Figure.Nanoseconds(e[Scoreboard.Engine]?.Summary?.Median),
        Figure.Nanoseconds(e[Scoreboard.Handle]?.Summary?.Median),
        Figure.Named(e.BestPeer),
        Figure.Ratio(e.Advantage(Scoreboard.Engine, e.BestPeer)),
        Figure.Ratio(e.Advantage(Scoreboard.Handle, e.BestPeer)),
        Figure.Ratio(e.Advantage(Scoreboard.Engine, e[Scoreboard.Runtime])),
        Figure.Mebibytes(e[Scoreboard.Engine]?.Resident?.GrowthBytes),
        Figure.Mebibytes(e[Scoreboard.Mimalloc]?.Resident?.GrowthBytes),
    ];
}
