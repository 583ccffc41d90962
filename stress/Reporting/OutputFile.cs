using MagAlloc.Stress.Commands;

namespace MagAlloc.Stress.Reporting;

/// <summary>
/// A file that an option names to be written. It is opened before the work, because a run of an hour must not end in "permission
/// denied", and written after it, in one go. Work that did not get so far leaves no empty file behind, and an older one as it was.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    private readonly FileStream _file;
    private readonly bool _isNew;
    private bool _written;

    private OutputFile(FileStream file, bool isNew)
    {
        _file = file;
        _isNew = isNew;
    }

    /// <summary>Opens the file for writing; null when no path was given.</summary>
    /// <exception cref="UsageException">The path cannot be written.</exception>
    public static OutputFile? Open(string option, string? path)
    {
        if (path is null)
            return null;
        try
        {
            bool isNew = !File.Exists(path);
            return new OutputFile(new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read), isNew);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"{option}: cannot write '{path}': {e.Message}");
        }
    }

    /// <summary>Replaces the file's contents.</summary>
    public void Write(Action<Stream> content)
    {
        _written = true;
        _file.SetLength(0);
        content(_file);
    }

    /// <summary>Replaces the file's contents by a text.</summary>
    public void Write(string text) => Write(stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>What was there before stays: an empty file too, and a device such as /dev/null.</summary>
    public void Dispose()
    {
        _file.Dispose();
        if (_isNew && !_written)
            File.Delete(_file.Name);
    }
}
