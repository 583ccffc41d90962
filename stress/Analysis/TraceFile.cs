using MagAlloc.Stress.Analysis.Reading;
using MagAlloc.Stress.Commands;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Etlx;

namespace MagAlloc.Stress.Analysis;

/// <summary>
/// A <c>.nettrace</c> file, opened with its events in the order of time and their stacks resolved. TraceEvent needs a converted copy for
/// that; it lies in the folder for temporary files as long as this object lives.
/// </summary>
internal sealed class TraceFile : IDisposable
{
    private readonly string _converted;

    private TraceFile(string path, string converted, TraceLog log, TraceExtent? cut)
    {
        Path = path;
        _converted = converted;
        Log = log;
        Cut = cut;
    }

    public string Path { get; }

    public TraceLog Log { get; }

    /// <summary>How far the trace goes; null if it has its end.</summary>
    public TraceExtent? Cut { get; }

    /// <summary>Opens a trace; takes seconds for a large one. Of one that is cut, what is there.</summary>
    /// <exception cref="UsageException">There is no such file, or it is no trace.</exception>
    public static TraceFile Open(string path)
    {
        string converted = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"stress-{Guid.NewGuid():N}.etlx");
        try
        {
            using ReadableTrace readable = ReadableTrace.Open(path);
            TraceLog.CreateFromEventPipeDataFile(readable.Path, converted, new TraceLogOptions { ConversionLog = TextWriter.Null });
            return new TraceFile(path, converted, new TraceLog(converted), readable.Cut);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or InvalidOperationException or FormatException
            or ArgumentException or NotSupportedException or OverflowException or IndexOutOfRangeException or NullReferenceException)
        {
            // TraceEvent meets damage within a block with whatever exception the wrong byte leads it to.
            File.Delete(converted);
            throw new UsageException($"{path}: cannot be read as a trace: {e.Message.Split('\n')[0].TrimEnd()}");
        }
        catch
        {
            File.Delete(converted);
            throw;
        }
    }

    public void Dispose()
    {
        Log.Dispose();
        File.Delete(_converted);
    }
}
