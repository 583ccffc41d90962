using System.Text.Json;
using MagAlloc.Stress.Commands;
using MagAlloc.Stress.InitSweep;
using MagAlloc.Stress.Replay;

namespace MagAlloc.Stress.Reporting;

/// <summary>
/// The machine-readable report. The file is opened before the run, because a run of an hour must not end in "permission
/// denied". Keys are part of the program's contract: add, never rename.
/// </summary>
internal sealed class JsonReport : IDisposable
{
    private readonly FileStream _file;
    private bool _written;

    private JsonReport(FileStream file) => _file = file;

    /// <summary>Opens the file for writing; null when no path was given.</summary>
    /// <exception cref="UsageException">The path cannot be written.</exception>
    public static JsonReport? Open(string? path)
    {
        if (path is null)
            return null;
        try
        {
            return new JsonReport(new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"--json: cannot write '{path}': {e.Message}");
        }
    }

    public void Write(RunReport report)
    {
        _written = true;
        _file.SetLength(0);
        using Utf8JsonWriter json = new(_file, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("outcome", report.Passed ? "pass" : "fail");
        json.WriteString("command", report.Command);
        json.WriteNumber("seed", report.Seed);
        json.WriteBoolean("interrupted", report.Interrupted);
        json.WriteNumber("elapsedSeconds", Math.Round(report.Elapsed.TotalSeconds, 3));
        json.WriteNumber("operations", report.Operations);
        json.WriteNumber("operationsPerSecond", Math.Round(report.OperationsPerSecond));
        json.WriteNumber("corruptions", report.Corruptions);
        json.WriteNumber("leakedBlocks", report.LeakedBlocks);
        json.WriteNumber("injectedFaults", report.InjectedFaults);
        json.WriteNumber("depotExchanges", report.DepotExchanges);
        json.WriteNumber("reclaimedMagazines", report.ReclaimedMagazines);
        json.WriteNumber("peakCommittedBytes", report.PeakCommittedBytes);
        json.WriteNumber("endCommittedBytes", report.EndCommittedBytes);
        WriteLatency(json, report);
        WriteHammer(json, report);
        WriteTraces(json, report);
        WriteComponents(json, report);
        json.WriteStartArray("failures");
        foreach (string failure in report.Failures)
            json.WriteStringValue(failure);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>A run that ended in a usage error leaves no empty report behind, and an older report as it was.</summary>
    public void Dispose()
    {
        bool empty = !_written && _file.Length == 0;
        _file.Dispose();
        if (empty)
            File.Delete(_file.Name);
    }

    private static void WriteLatency(Utf8JsonWriter json, RunReport report)
    {
        json.WriteStartObject("latencyNs");
        json.WriteNumber("p50", report.Latency.Percentile(0.5));
        json.WriteNumber("p99", report.Latency.Percentile(0.99));
        json.WriteNumber("p999", report.Latency.Percentile(0.999));
        json.WriteNumber("max", report.Latency.Max);
        json.WriteNumber("samples", report.Latency.Count);
        json.WriteEndObject();
    }

    private static void WriteHammer(Utf8JsonWriter json, RunReport report)
    {
        if (report.Hammer is not { } hammer)
            return;
        json.WriteStartObject("hammer");
        json.WriteNumber("threads", hammer.Options.Threads);
        json.WriteString("checks", hammer.Options.Checks.ToString());
        json.WriteNumber("crossThreadPercent", hammer.Options.CrossThreadPercent);
        json.WriteBoolean("threadChurn", hammer.Options.ThreadChurn);
        json.WriteString("faults", hammer.Options.Faults.ToString());
        json.WriteNumber("threadsBorn", hammer.ThreadsBorn);
        json.WriteNumber("crossThreadFrees", hammer.CrossThreadFrees);
        json.WriteNumber("refused", hammer.Refused);
        json.WriteNumber("bytesVerified", hammer.BytesVerified);
        json.WriteNumber("misuses", hammer.Statistics.Misuses);
        json.WriteNumber("outOfMemoryFlushes", hammer.Statistics.OutOfMemoryFlushes);
        json.WriteEndObject();
    }

    private static void WriteTraces(Utf8JsonWriter json, RunReport report)
    {
        if (report.Traces.Count == 0)
            return;
        json.WriteStartArray("traces");
        foreach (ReplayResult trace in report.Traces)
        {
            json.WriteStartObject();
            json.WriteString("file", trace.File);
            json.WriteNumber("events", trace.Events);
            json.WriteNumber("threads", trace.Threads);
            json.WriteNumber("corruptions", trace.Corruptions);
            json.WriteNumber("nsPerEvent", Math.Round(trace.NsPerEvent, 2));
            json.WriteNumber("peakLiveBytes", trace.PeakLiveBytes);
            WriteNullable(json, "peakCommittedBytes", trace.PeakCommittedBytes);
            WriteNullable(json, "endCommittedBytes", trace.EndCommittedBytes);
            json.WriteNumber("peakResidentGrowthBytes", trace.PeakResidentGrowthBytes);
            json.WriteNumber("endResidentBytes", trace.EndResidentBytes);
            json.WriteNumber("leakedBlocks", trace.LeakedBlocks);
            if (trace.WithinBudget is { } within)
                json.WriteBoolean("withinBudget", within);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteComponents(Utf8JsonWriter json, RunReport report)
    {
        if (report.Components.Count == 0)
            return;
        json.WriteStartArray("components");
        foreach (ComponentResult component in report.Components)
        {
            json.WriteStartObject();
            json.WriteString("name", component.Name);
            json.WriteNumber("faultPoints", component.FaultPoints);
            json.WriteNumber("lastingFaults", component.LastingFaults);
            json.WriteNumber("absorbedFaults", component.AbsorbedFaults);
            json.WriteNumber("leakedBytes", component.LeakedBytes);
            json.WriteNumber("leftoverMappings", component.LeftoverMappings);
            json.WriteNumber("leftoverThreads", component.LeftoverThreads);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteNullable(Utf8JsonWriter json, string key, long? value)
    {
        if (value is { } known)
            json.WriteNumber(key, known);
        else
            json.WriteNull(key);
    }
}
