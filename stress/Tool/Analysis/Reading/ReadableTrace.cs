using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Analysis.Reading;

/// <summary>A trace as TraceEvent will read it: the file itself, or of one that is cut a copy with an end, in the folder for temporary files.</summary>
internal sealed class ReadableTrace : IDisposable
{
    private readonly string? _copy;

    private ReadableTrace(string path, string? copy, TraceExtent? extent)
    {
        Path = copy ?? path;
        _copy = copy;
        Cut = extent is { IsComplete: false } ? extent : null;
    }

    /// <summary>What to read.</summary>
    public string Path { get; }

    /// <summary>How far the trace goes; null if it has its end.</summary>
    public TraceExtent? Cut { get; }

    /// <exception cref="UsageException">There is no such file, it is no trace, or it has not one whole block.</exception>
    public static ReadableTrace Open(string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            CheckBegin(path, file);
            file.Position = 0;
            TraceExtent? extent = TraceExtent.Of(file);
            if (extent is not { IsComplete: false })
                return new ReadableTrace(path, null, extent);
            if (extent.Blocks == 0 && extent.SalvagedBytes == 0)
                throw new UsageException($"{path}: {(extent.IsDamaged ? "damaged" : "truncated")} before its first block, at byte {extent.ReadableBytes}: there is nothing to be read");
            return new ReadableTrace(path, MendedCopy(file, extent), extent);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UsageException($"{path}: no such file; give a .nettrace file, for instance one of 'magalloc trace'");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"{path}: cannot be read: {e.Message.Split('\n')[0].TrimEnd()}");
        }
    }

    public void Dispose()
    {
        if (_copy is not null)
            TemporaryFile.Delete(_copy);
    }

    private static void CheckBegin(string path, FileStream file)
    {
        byte[] begin = new byte[8];
        int read = file.ReadAtLeast(begin, begin.Length, throwOnEndOfStream: false);
        if (read == 0)
            throw new UsageException($"{path}: empty; a .nettrace file is wanted");
        if (!begin.AsSpan(0, read).SequenceEqual("Nettrace"u8[..read]))
            throw new UsageException($"{path}: not a .nettrace file (it begins with other bytes than 'Nettrace')");
    }

    private static string MendedCopy(FileStream file, TraceExtent extent)
    {
        string copy = TemporaryFile.Create(".nettrace");
        try
        {
            using FileStream mended = new(copy, FileMode.Open, FileAccess.Write);
            extent.Mend(file, mended);
            return copy;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            TemporaryFile.Delete(copy);
            throw TemporaryFile.Unwritable(e);
        }
    }
}
