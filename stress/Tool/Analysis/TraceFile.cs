using MagAlloc.Tool.Analysis.Reading;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Etlx;

namespace MagAlloc.Tool.Analysis;

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
        using ReadableTrace readable = ReadableTrace.Open(path);
        string converted = TemporaryFile.Create(".etlx");
        try
        {
            TraceLog.CreateFromEventPipeDataFile(readable.Path, converted, new TraceLogOptions { ConversionLog = TextWriter.Null });
            return new TraceFile(path, converted, new TraceLog(converted), readable.Cut);
        }
        catch (Exception e) when (IsDamage(e))
        {
            TemporaryFile.Delete(converted);
            throw Damaged(path, e);
        }
        catch
        {
            TemporaryFile.Delete(converted);
            throw;
        }
    }

    /// <summary>From the first to the last.</summary>
    /// <exception cref="UsageException">While it goes on: the trace is damaged.</exception>
    public IEnumerable<TraceEvent> Events()
    {
        // The enumerator of a log without events throws.
        if (Log.EventCount == 0)
            yield break;
        using IEnumerator<TraceEvent> events = ((IEnumerable<TraceEvent>)Log.Events).GetEnumerator();
        while (Next(events))
            yield return events.Current;
    }

    public void Dispose()
    {
        Log.Dispose();
        TemporaryFile.Delete(_converted);
    }

    private bool Next(IEnumerator<TraceEvent> events)
    {
        try
        {
            return events.MoveNext();
        }
        catch (Exception e) when (IsDamage(e))
        {
            throw Damaged(Path, e);
        }
    }

    /// <summary>TraceEvent meets damage within a block with whatever exception the wrong byte leads it to.</summary>
    private static bool IsDamage(Exception e) => e is IOException or UnauthorizedAccessException or InvalidDataException or InvalidOperationException or FormatException
        or ArgumentException or NotSupportedException or OverflowException or IndexOutOfRangeException or NullReferenceException;

    private static UsageException Damaged(string path, Exception e) => new($"{path}: cannot be read as a trace: {e.Message.Split('\n')[0].TrimEnd()}");
}
