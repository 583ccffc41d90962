using System.Text.Json;
using MagAlloc.Stress.Commands;

namespace MagAlloc.Stress.Reporting;

/// <summary>
/// The file behind <c>--json</c>. It is opened before the run, because a run of an hour must not end in "permission denied",
/// and written after it, in one go.
/// </summary>
internal sealed class JsonFile : IDisposable
{
    private readonly FileStream _file;
    private bool _written;

    private JsonFile(FileStream file) => _file = file;

    /// <summary>Opens the file for writing; null when no path was given.</summary>
    /// <exception cref="UsageException">The path cannot be written.</exception>
    public static JsonFile? Open(string? path)
    {
        if (path is null)
            return null;
        try
        {
            return new JsonFile(new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"--json: cannot write '{path}': {e.Message}");
        }
    }

    /// <summary>Replaces the file's contents by one object.</summary>
    /// <param name="members">Writes the object's members.</param>
    public void Write(Action<Utf8JsonWriter> members)
    {
        _written = true;
        _file.SetLength(0);
        using Utf8JsonWriter json = new(_file, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        members(json);
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
}
