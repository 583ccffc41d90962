using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Gate.Baselines;

/// <summary>Finds, reads and writes perf-baselines.json.</summary>
internal static class BaselineStore
{
    public const string FileName = "perf-baselines.json";

    // Beside this the file belongs, when there is none yet.
    private const string RootMark = "Engine.sln";

    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        AllowDuplicateProperties = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,

        // "×" stays readable; the file is no web page.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// The file at the root of the repository: looked for from the current folder upwards, then from the program's. Where there is none,
    /// the place for it beside the solution; null when that is not found either.
    /// </summary>
    public static string? Find() =>
        FindUpwards(FileName, Environment.CurrentDirectory) ?? FindUpwards(FileName, AppContext.BaseDirectory)
        ?? Beside(FindUpwards(RootMark, Environment.CurrentDirectory) ?? FindUpwards(RootMark, AppContext.BaseDirectory));

    /// <exception cref="UsageException">It is missing, unreadable or no baseline file.</exception>
    public static BaselineFile Read(string path)
    {
        try
        {
            BaselineFile file = Parse(File.ReadAllText(path));
            return Flaw(file) is { } flaw ? throw new UsageException($"{path}: {flaw}") : file;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UsageException($"{path}: no such file; make it with 'bench gate --update'");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"{path}: cannot be read: {e.Message}");
        }
        catch (JsonException e)
        {
            throw new UsageException($"{path}: is not a baseline file: {e.Message}");
        }
    }

    public static BaselineFile Parse(string json) =>
        JsonSerializer.Deserialize<BaselineFile>(json, s_options) ?? throw new JsonException("it holds null.");

    public static string Format(BaselineFile file) => JsonSerializer.Serialize(file, s_options).ReplaceLineEndings("\n") + "\n";

    /// <exception cref="UsageException">It cannot be written.</exception>
    public static void Write(string path, BaselineFile file)
    {
        try
        {
            File.WriteAllText(path, Format(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"{path}: cannot be written: {e.Message}");
        }
    }

    // What would make a ratio unable to fail, or every comparison with it meaningless.
    private static string? Flaw(BaselineFile file)
    {
        foreach (Baseline entry in file.Entries)
        {
            if (entry.Class is not ("exact" or "ratio" or "report"))
                return $"{entry.Name}: class '{entry.Class}' is not known; give exact, ratio or report";
            bool ratio = entry.Class == "ratio";
            if (ratio && entry.Threshold is not (> 0 and <= 0.5))
                return $"{entry.Name}: threshold must be given, above 0 and at most 0.5";
            if (ratio && entry.FloorNs is not (>= 0 and <= 10))
                return $"{entry.Name}: floorNs must be given, from 0 to 10";
            if (!ratio && (entry.Threshold ?? entry.FloorNs) is not null)
                return $"{entry.Name}: threshold and floorNs are for ratios only";
        }

        return null;
    }

    private static string? FindUpwards(string name, string folder)
    {
        for (DirectoryInfo? at = new(folder); at is not null; at = at.Parent)
        {
            string path = Path.Combine(at.FullName, name);
            if (File.Exists(path))
                return path;
        }

        return null;
    }

    private static string? Beside(string? path) => path is null ? null : Path.Combine(Path.GetDirectoryName(path)!, FileName);
}
