using System.Runtime.InteropServices;

namespace MagAlloc.Tooling.Traces;

/// <summary>
/// A whole, validated trace in memory. Every record can be executed as it stands: operations are known, objects are born once
/// and used only while they live. The records lie in native memory of the C library, neither in the heap under test nor among
/// the objects of the garbage collector, whose work would show in the timing.
/// </summary>
internal sealed unsafe class AllocationTrace : IDisposable
{
    private TraceRecord* _records;

    internal AllocationTrace(string file, int capacity)
    {
        File = file;
        _records = (TraceRecord*)NativeMemory.Alloc((nuint)Math.Max(capacity, 1), TraceRecord.Bytes);
    }

    ~AllocationTrace() => Release();

    /// <summary>The path as the user gave it.</summary>
    public string File { get; }

    public string Name => NameOf(File);

    public int Count { get; internal set; }

    /// <summary>Objects born in the trace; a record's id is below this number.</summary>
    public int Objects { get; internal set; }

    /// <summary>Objects that the program never freed: a replay frees them at the end.</summary>
    public int Unfreed { get; internal set; }

    /// <summary>Largest sum, over time, of the sizes asked for by the objects alive.</summary>
    public long PeakLiveBytes { get; internal set; }

    /// <summary>Numbers of the threads that appear, ascending.</summary>
    public IReadOnlyList<int> Threads { get; internal set; } = [];

    public TraceRecord* Records => _records;

    public Span<TraceRecord> Span => new(_records, Count);

    /// <summary>The short name of a trace file.</summary>
    public static string NameOf(string file) => Path.GetFileName(file).Replace(".trace.gz", string.Empty, StringComparison.Ordinal);

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        NativeMemory.Free(_records);
        _records = null;
        Count = 0;
    }
}
