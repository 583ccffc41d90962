using System.Text.Json;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Reporting;

/// <summary>The machine-readable report. Keys are part of the program's contract: add, never rename.</summary>
internal static class ComparisonJson
{
    public static void Write(Utf8JsonWriter json, Pace pace, Scoreboard board)
    {
        JsonHead.Write(json, "compare", pace);
        json.WriteNumber("roundMilliseconds", pace.Round.TotalMilliseconds);
        WriteResults(json, board.Lines);
        WriteSkipped(json, board.Lines);
        WriteMeans(json, board.Means);
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
            JsonHead.WriteSpread(json, summary);
            json.WriteNumber("rounds", summary.Rounds);
            json.WriteBoolean("settled", summary.Settled);
            WriteNumber(json, "peakResidentBytes", line.Resident?.PeakBytes);
            WriteNumber(json, "residentGrowthBytes", line.Resident?.GrowthBytes);
            WriteNumber(json, "p50Ns", line.Latency?.P50);
            WriteNumber(json, "p99Ns", line.Latency?.P99);
            WriteNumber(json, "p999Ns", line.Latency?.P999);
            WriteNumber(json, "maxNs", line.Latency?.Max);
            WriteNumber(json, "timerNs", line.Latency?.TimerNs);
            if (line.Idle is { } idle)
                WriteIdle(json, idle);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteIdle(Utf8JsonWriter json, IdleFigures idle)
    {
        json.WriteNumber("remainingShare", Math.Round(idle.RemainingShare, 4));
        json.WriteNumber("endResidentBytes", idle.EndBytes);
        json.WriteNumber("firstBurstNsPerOperation", Math.Round(idle.FirstNs, 3));
        json.WriteStartArray("timeline");
        foreach (ResidentPoint point in idle.Timeline)
        {
            json.WriteStartObject();
            json.WriteNumber("ms", point.Milliseconds);
            json.WriteNumber("residentBytes", point.Bytes);
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
            json.WriteBoolean("failed", line.Failed);
            json.WriteString("reason", line.Reason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteMeans(Utf8JsonWriter json, IReadOnlyList<EngineMean> means)
    {
        json.WriteStartObject("geomeans");
        foreach (EngineMean mean in means)
        {
            json.WriteStartObject(mean.Contender);
            WriteNumber(json, "bestNativePeer", mean.BestPeer);
            WriteNumber(json, "bestNativePeerSingleThread", mean.BestPeerSingleThread);
            WriteNumber(json, "nativeMemory", mean.NativeMemory);
            json.WriteNumber("workloads", mean.Workloads);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteKey(Utf8JsonWriter json, ComparisonLine line)
    {
        json.WriteString("workload", line.Workload);
        json.WriteString("contender", line.Contender);
        json.WriteNumber("threads", line.Threads);
    }

    private static void WriteNumber(Utf8JsonWriter json, string key, long? value)
    {
        if (value is { } number)
            json.WriteNumber(key, number);
        else
            json.WriteNull(key);
    }

    private static void WriteNumber(Utf8JsonWriter json, string key, double? value)
    {
        if (value is { } number)
            json.WriteNumber(key, Math.Round(number, 4));
        else
            json.WriteNull(key);
    }
}
