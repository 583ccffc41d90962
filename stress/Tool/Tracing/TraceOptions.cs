using System.Globalization;

namespace MagAlloc.Tool.Tracing;

/// <summary>What to record, and where.</summary>
internal sealed record TraceOptions
{
    public const long DefaultSampleBytes = 512 << 10;

    /// <summary>A walk of the stack takes 5 to 10 µs of the traced thread: so many cost a processor one to two hundredths.</summary>
    public const long DefaultMostSamples = 2000;

    public const int DefaultBufferMegabytes = 256;

    /// <summary>The program's name, for what it tells to do next.</summary>
    public required string Program { get; init; }

    public required string File { get; init; }

    /// <summary>Also write the profile of unmanaged allocations for speedscope, beside the trace.</summary>
    public bool Speedscope { get; init; }

    /// <summary>All events of the engine (slabs and commits too) with the statistics of each size class, and the runtime's.</summary>
    public bool Everything { get; init; }

    /// <summary>Stacks of all threads every millisecond, by the runtime's sample profiler: the dearest part by far.</summary>
    public bool CpuSamples { get; init; }

    /// <summary>Bytes between sampled allocations, on average; 0: none, and no stacks.</summary>
    public long SampleBytes { get; init; } = DefaultSampleBytes;

    /// <summary>Samples a second above which they become rarer, each standing for more; 0: they do not.</summary>
    public long MostSamples { get; init; } = DefaultMostSamples;

    /// <summary>Bound of the events that wait in the traced process, in MiB. Events that find it full are dropped and counted.</summary>
    public int BufferMegabytes { get; init; } = DefaultBufferMegabytes;

    /// <summary>How long; null: until the process ends, or Ctrl-C.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>Something in the trace will be resolved by its stack.</summary>
    public bool HasStacks => SampleBytes != 0 || Everything || CpuSamples;

    /// <summary>A file of the current folder that is not there yet, by the time.</summary>
    public static string DatedFile(DateTime now)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"magalloc-{now:yyyyMMdd-HHmmss}");
        string file = $"{name}.nettrace";
        for (int n = 2; System.IO.File.Exists(file); n++)
            file = $"{name}-{n}.nettrace";
        return file;
    }

    /// <summary>As dotnet-trace names it.</summary>
    public string SpeedscopeFile => Path.ChangeExtension(File, ".speedscope.json");
}
