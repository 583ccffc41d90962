using System.Runtime.InteropServices;
using System.Text.Json;
using MagAlloc.Bench.Measurement;
using MagAlloc.Stress.Commands;

namespace MagAlloc.Bench.Reporting;

/// <summary>
/// The machine-readable report. The file is opened before the run, so that a path that cannot be written is told at once. Keys
/// are part of the program's contract: add, never rename.
/// </summary>
internal sealed class ComparisonJson : IDisposable
{
    private readonly FileStream _file;
    private bool _written;

    private ComparisonJson(FileStream file) => _file = file;

    /// <summary>Opens the file for writing; null when no path was given.</summary>
    /// <exception cref="UsageException">The path cannot be written.</exception>
    public static ComparisonJson? Open(string? path)
    {
        if (path is null)
            return null;
        try
        {
            return new ComparisonJson(new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"--json: cannot write '{path}': {e.Message}");
        }
    }

    public void Write(Pace pace, IReadOnlyList<ComparisonLine> lines)
    {
        _written = true;
        _file.SetLength(0);
        using Utf8JsonWriter json = new(_file, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("command", "compare");
        json.WriteString("runtime", RuntimeInformation.FrameworkDescription);
        json.WriteString("system", $"{RuntimeInformation.OSDescription} {RuntimeInformation.ProcessArchitecture}");
        json.WriteNumber("processors", Environment.ProcessorCount);
        json.WriteNumber("rounds", pace.Rounds);
        json.WriteNumber("roundMilliseconds", pace.Round.TotalMilliseconds);
        WriteResults(json, lines);
        WriteSkipped(json, lines);
        json.WriteEndObject();
    }

    /// <summary>A run that did not get to its report leaves no empty file behind, and an older one as it was.</summary>
    public void Dispose()
    {
        bool empty = !_written && _file.Length == 0;
        _file.Dispose();
        if (empty)
            File.Delete(_file.Name);
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
