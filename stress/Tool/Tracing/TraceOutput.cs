using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Tracing;

/// <summary>
/// The trace file. It is opened before anything is started, because a path that cannot be written must not cost a run; an older file
/// is replaced only when the first event comes.
/// </summary>
internal sealed class TraceOutput : IDisposable
{
    private const int ChunkBytes = 128 << 10;

    private readonly FileStream _file;
    private readonly string _path;
    private readonly bool _isNew;
    private long _bytes;

    private TraceOutput(FileStream file, string path, bool isNew)
    {
        _file = file;
        _path = path;
        _isNew = isNew;
    }

    /// <summary>Bytes written so far; any thread.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <exception cref="UsageException">The path cannot be written.</exception>
    public static TraceOutput Open(string path)
    {
        try
        {
            bool isNew = !File.Exists(path);
            return new TraceOutput(new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0), path, isNew);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Unwritable(path, e);
        }
    }

    /// <summary>
    /// Copies to the end of the stream through one bounded buffer. A stream that breaks off (the process was killed) ends the copy; the
    /// file then lacks its end, which its reader finds.
    /// </summary>
    /// <exception cref="UsageException">The file cannot be written any further, for instance because the disk is full.</exception>
    public void Copy(Stream events)
    {
        byte[] chunk = new byte[ChunkBytes];
        while (Next(events, chunk) is > 0 and int read)
        {
            try
            {
                // A pipe or a device has no length, and cannot be given one.
                if (_bytes == 0 && _file.CanSeek && _file.Length != 0)
                    _file.SetLength(0);
                _file.Write(chunk, 0, read);
            }
            catch (IOException e)
            {
                throw Unwritable(_path, e);
            }

            Volatile.Write(ref _bytes, _bytes + read);
        }
    }

    /// <summary>A session that never began leaves no empty file behind, and what was there before (a trace, a device) as it was.</summary>
    public void Dispose()
    {
        _file.Dispose();
        if (_isNew && _bytes == 0)
            TemporaryFile.Delete(_path);
    }

    private static int Next(Stream events, byte[] chunk)
    {
        try
        {
            return events.Read(chunk, 0, chunk.Length);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return 0;
        }
    }

    private static UsageException Unwritable(string path, Exception e) => new($"--output: cannot write '{path}': {e.Message}");
}
