using System.Text.Json;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tooling.Reporting;

/// <summary>The file behind <c>--json</c>.</summary>
internal sealed class JsonFile : IDisposable
{
    private readonly OutputFile _file;

    private JsonFile(OutputFile file) => _file = file;

    /// <summary>Opens the file for writing; null when no path was given.</summary>
    /// <exception cref="UsageException">The path cannot be written.</exception>
    public static JsonFile? Open(string? path) => OutputFile.Open("--json", path) is { } file ? new JsonFile(file) : null;

    /// <summary>Replaces the file's contents by one object.</summary>
    /// <param name="members">Writes the object's members.</param>
    public void Write(Action<Utf8JsonWriter> members) => _file.Write(stream =>
    {
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
    });

    public void Dispose() => _file.Dispose();
}
