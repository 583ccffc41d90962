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

    private TraceFile(string path, string converted, TraceLog log)
    {
        Path = path;
        _converted = converted;
        Log = log;
    }

    public string Path { get; }

    public TraceLog Log { get; }

    /// <summary>Opens a trace; takes seconds for a large one.</summary>
    /// <exception cref="UsageException">There is no such file, or it is no complete trace.</exception>
    public static TraceFile Open(string path)
    {
        CheckHeader(path);
        string converted = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"stress-{Guid.NewGuid():N}.etlx");
        try
        {
            TraceLog.CreateFromEventPipeDataFile(path, converted, new TraceLogOptions { ConversionLog = TextWriter.Null });
            return new TraceFile(path, converted, new TraceLog(converted));
        }
        catch (Exception e) when (e is FormatException or EndOfStreamException)
        {
            File.Delete(converted);
            throw new UsageException($"{path}: truncated or damaged; the trace has no proper end ({FirstLine(e.Message)})");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or InvalidOperationException
            or ArgumentException or NotSupportedException or OverflowException or IndexOutOfRangeException or NullReferenceException)
        {
            // TraceEvent meets damage within a block with whatever exception the wrong byte leads it to.
            File.Delete(converted);
            throw new UsageException($"{path}: cannot be read as a trace: {FirstLine(e.Message)}");
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

    private static void CheckHeader(string path)
    {
        byte[] start = new byte[8];
        int read;
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            read = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UsageException($"{path}: no such file; give a .nettrace file, for instance one of 'stress trace -o FILE'");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"{path}: cannot be read: {FirstLine(e.Message)}");
        }

        if (read == 0)
            throw new UsageException($"{path}: empty; a .nettrace file is wanted");
        if (!start.AsSpan(0, read).SequenceEqual("Nettrace"u8[..read]))
            throw new UsageException($"{path}: not a .nettrace file (it begins with other bytes than 'Nettrace')");
    }

    private static string FirstLine(string message) => message.Split('\n')[0].TrimEnd();
}
