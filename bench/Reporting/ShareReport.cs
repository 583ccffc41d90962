using System.Text.Json;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Share;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Reporting;

/// <summary>The comparison of ways to pass frames, for a person and for a program. JSON keys are part of the program's contract: add, never rename.</summary>
internal static class ShareReport
{
    public static void Print(StressConsole console, IReadOnlyList<string> contenders, IReadOnlyList<ShareLine> lines) => console.Grid(
        ["workload", .. contenders.Select(name => $"{name} /s"), .. contenders.Skip(1).Select(name => $"× {name}")],
        [.. lines.GroupBy(line => line.Workload).Select(same => Row(contenders, same.Key, [.. same]))]);

    public static void Write(Utf8JsonWriter json, Pace pace, int bytes, IReadOnlyList<ShareLine> lines)
    {
        JsonHead.Write(json, "share", pace);
        json.WriteNumber("frameBytes", bytes);
        json.WriteStartArray("results");
        foreach (ShareLine line in lines)
        {
            json.WriteStartObject();
            json.WriteString("workload", line.Workload);
            json.WriteString("contender", line.Contender);
            JsonHead.WriteSpread(json, line.Summary);
            json.WriteBoolean("settled", line.Summary.Settled);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteSteps(Utf8JsonWriter json, Pace pace, IReadOnlyList<(string Step, double Microseconds)> steps)
    {
        JsonHead.Write(json, "share", pace);
        json.WriteStartArray("steps");
        foreach ((string step, double microseconds) in steps)
        {
            json.WriteStartObject();
            json.WriteString("step", step);
            json.WriteNumber("microseconds", Math.Round(microseconds, 2));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

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
