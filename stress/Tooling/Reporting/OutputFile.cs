using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tooling.Reporting;

/// <summary>
/// A file that an option names to be written. It is opened before the work, because a run of an hour must not end in "permission
/// denied", and written after it, in one go, or as it comes. Work that did not get so far leaves no empty file behind, and an older one as it was.
/// </summary>
internal sealed unsafe partial class OutputFile : IDisposable
{
    private const int ChunkBytes = 128 << 10;

    private readonly FileStream _file;
    private readonly string _option;
    private readonly bool _isNew;
    private bool _written;
    private long _bytes;

    private OutputFile(FileStream file, string option, bool isNew)
    {
        _file = file;
        _option = option;
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
            return new OutputFile(new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0), option, isNew);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw Unwritable(option, path, e);
        }
    }

    /// <summary>Refuses to write over what is yet to be read, under whatever name.</summary>
    /// <exception cref="UsageException">One of the outputs is the input.</exception>
    public static void RefuseInput(string input, params IEnumerable<(string Option, string? Path)> outputs)
    {
        foreach ((string option, string? path) in outputs)
        {
            if (path is not null && IsSame(input, path))
                throw new UsageException($"{option}: '{path}' is the file that is read; give another one");
        }
    }

    /// <summary>Bytes written so far; any thread.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Replaces the file's contents.</summary>
    /// <exception cref="UsageException">The file cannot be written any further, for instance because the disk is full.</exception>
    public void Write(Action<Stream> content)
    {
        using MemoryStream whole = new();
        content(whole);
        Append(whole.GetBuffer().AsSpan(0, (int)whole.Length));
    }

    /// <summary>
    /// Replaces the file's contents by a stream's, as they come. One that breaks off (the process was killed) ends the copy; the file then lacks its end,
    /// which its reader finds.
    /// </summary>
    /// <exception cref="UsageException">The file cannot be written any further, for instance because the disk is full.</exception>
    public void Copy(Stream source)
    {
        byte[] chunk = new byte[ChunkBytes];
        while (Next(source, chunk) is > 0 and int read)
            Append(chunk.AsSpan(0, read));
    }

    /// <summary>Replaces the file's contents by an object.</summary>
    public void Write<T>(T value, JsonTypeInfo<T> type) => Write(stream => JsonSerializer.Serialize(stream, value, type));

    /// <summary>Replaces the file's contents by a text.</summary>
    public void Write(string text) => Write(stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>What was there before stays: an empty file too, and a device such as /dev/null.</summary>
    public void Dispose()
    {
        try
        {
            _file.Dispose();
        }
        catch (IOException)
        {
            // What could not be written has been told.
        }

        if (_isNew && !_written)
            TemporaryFile.Delete(_file.Name);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        try
        {
            // A pipe or a device has no length, and cannot be given one.
            if (!_written && _file.CanSeek && _file.Length != 0)
                _file.SetLength(0);
            _written = true;
            _file.Write(bytes);
        }
        catch (IOException e)
        {
            throw Unwritable(_option, _file.Name, e);
        }

        Volatile.Write(ref _bytes, _bytes + bytes.Length);
    }

    private static int Next(Stream source, byte[] chunk)
    {
        try
        {
            return source.Read(chunk, 0, chunk.Length);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return 0;
        }
    }

    private static bool IsSame(string one, string other)
    {
        if (one.Length == 0 || other.Length == 0)
            return false;
        if (!OperatingSystem.IsLinux())
            return string.Equals(Path.GetFullPath(one), Path.GetFullPath(other), StringComparison.OrdinalIgnoreCase);

        // Links too. A device can be both.
        return IdentityOf(one) is { } identity && IdentityOf(other) == identity;
    }

    /// <summary>File system and number of a regular file by <c>statx</c>, which has one layout on all architectures; null of anything else.</summary>
    private static (ulong Device, ulong Inode)? IdentityOf(string path)
    {
        const int CurrentFolder = -100, BasicStatus = 0x7FF, KindMask = 0xF000, Regular = 0x8000;
        byte* status = stackalloc byte[256];
        return GetStatus(CurrentFolder, path, 0, BasicStatus, status) == 0 && (*(ushort*)(status + 28) & KindMask) == Regular
            ? (*(ulong*)(status + 136), *(ulong*)(status + 32))
            : null;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int GetStatus(int folder, string path, int flags, uint mask, byte* status);

    private static UsageException Unwritable(string option, string path, Exception e) => new($"{option}: cannot write '{path}': {e.Message}");
}
