using MagAlloc.Bench.Share;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Reporting;

/// <summary>The comparison of ways to pass frames, for a person.</summary>
internal static class ShareReport
{
    public static void Print(ProgramConsole console, IReadOnlyList<string> contenders, IReadOnlyList<ShareLine> lines) => console.Grid(
        ["workload", .. contenders.Select(name => $"{name} /s"), .. contenders.Skip(1).Select(name => $"× {name}")],
        [.. lines.GroupBy(line => line.Workload).Select(same => Row(contenders, same.Key, [.. same]))]);

    private static string[] Row(IReadOnlyList<string> contenders, string workload, IReadOnlyList<ShareLine> lines)
    {
        double[] perSecond = [.. contenders.Select(name => lines.First(line => line.Contender == name).Summary.OperationsPerSecond)];
        return
        [
            workload,
            .. perSecond.Select(frames => Text.Count((long)Math.Round(frames))),
            .. perSecond.Skip(1).Select(frames => Text.Number(perSecond[0] / frames, "0.0")),
        ];
    }
}
