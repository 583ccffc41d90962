using System.Runtime.InteropServices;
using System.Text.Json;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Reporting;

/// <summary>The machine-readable report. Keys are part of the program's contract: add, never rename.</summary>
internal static class ComparisonJson
{
    public static void Write(Utf8JsonWriter json, Pace pace, IReadOnlyList<ComparisonLine> lines)
    {
        json.WriteString("command", "compare");
        json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
        json.WriteString("system", $"{RuntimeInformation.OSDescription} {RuntimeInformation.ProcessArchitecture}");
        json.WriteNumber("processors", Environment.ProcessorCount);
        json.WriteNumber("rounds", pace.Rounds);
        json.WriteNumber("roundMilliseconds", pace.Round.TotalMilliseconds);
        WriteResults(json, lines);
        WriteSkipped(json, lines);
    }

    private static void WriteResults(Utf8JsonWriter json, IReadOnlyList<ComparisonLine> lines)
    {
        json.WriteStartArray("results");
        foreach (ComparisonLine line in lines)
        {
            if (line.Summary is not { } summary)
                continue;
            json.WriteStartObject();
            WriteKey(json, line);
            json.WriteNumber("threads", line.Threads);
            json.WriteNumber("nsPerOperation", Math.Round(summary.Median, 3));
            json.WriteStartObject("spread");
            json.WriteNumber("min", Math.Round(summary.Min, 3));
            json.WriteNumber("max", Math.Round(summary.Max, 3));
            json.WriteEndObject();
            json.WriteNumber("operationsPerSecond", Math.Round(summary.OperationsPerSecond));
            json.WriteBoolean("settled", summary.Settled);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteSkipped(Utf8JsonWriter json, IReadOnlyList<ComparisonLine> lines)
    {
        json.WriteStartArray("skipped");
        foreach (ComparisonLine line in lines)
        {
            if (line.Reason is null)
                continue;
            json.WriteStartObject();
            WriteKey(json, line);
            json.WriteBoolean("absent", line.Absent);
            json.WriteString("reason", line.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteKey(Utf8JsonWriter json, ComparisonLine line)
    {
        json.WriteString("workload", line.Workload);
        json.WriteString("contender", line.Contender);
    }
}
