using System.Text.Json;
using MagAlloc.Bench.Iova;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Reporting;

/// <summary>The machine-readable report of <c>bench iova</c>. Keys are part of the program's contract: add, never rename.</summary>
internal static class IovaJson
{
    public static void Write(Utf8JsonWriter json, Pace pace, IovaFindings findings)
    {
        json.WriteString("command", "iova");
        json.WriteString("runtime", Machine.Runtime);
        json.WriteString("system", Machine.System);
        json.WriteString("processor", Machine.Processor);
        json.WriteNumber("processors", Environment.ProcessorCount);
        json.WriteString("pace", pace.Name);
        json.WriteNumber("rounds", pace.Rounds);
        json.WriteStartArray("results");
        foreach (IovaLine line in findings.Lines)
        {
            json.WriteStartObject();
            json.WriteString("workload", line.Workload);
            json.WriteString("contender", line.Contender);
            json.WriteNumber("threads", line.Threads);
            json.WriteNumber("nsPerOperation", Math.Round(line.Summary.Median, 3));
            json.WriteStartObject("spread");
            json.WriteNumber("min", Math.Round(line.Summary.Min, 3));
            json.WriteNumber("max", Math.Round(line.Summary.Max, 3));
            json.WriteEndObject();
            json.WriteNumber("operationsPerSecond", Math.Round(line.Summary.OperationsPerSecond));
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
