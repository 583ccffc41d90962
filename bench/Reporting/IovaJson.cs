using System.Text.Json;
using MagAlloc.Bench.Iova;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Reporting;

/// <summary>The machine-readable report of <c>bench iova</c>. Keys are part of the program's contract: add, never rename.</summary>
internal static class IovaJson
{
    public static void Write(Utf8JsonWriter json, Pace pace, IovaFindings findings)
    {
        JsonHead.Write(json, "iova", pace);
        json.WriteStartArray("results");
        foreach (IovaLine line in findings.Lines)
        {
            json.WriteStartObject();
            json.WriteString("workload", line.Workload);
            json.WriteString("contender", line.Contender);
            json.WriteNumber("threads", line.Threads);
            JsonHead.WriteSpread(json, line.Summary);
            json.WriteBoolean("settled", line.Summary.Settled);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("overKernelModel");
        foreach ((string workload, int threads, double locked, double spinning) in findings.OverKernel)
        {
            json.WriteStartObject();
            json.WriteString("workload", workload);
            json.WriteNumber("threads", threads);
            json.WriteNumber("factor", Math.Round(locked, 3));
            json.WriteNumber("factorWithSpinlocks", Math.Round(spinning, 3));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Write(json, "pairOverHeap", findings.PairOverHeap);
        Write(json, "fragmentedOverEmpty", findings.FragmentedOverEmpty);
    }

    private static void Write(Utf8JsonWriter json, string key, double? value)
    {
        if (value is { } number)
            json.WriteNumber(key, Math.Round(number, 4));
        else
            json.WriteNull(key);
    }
}
