using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace MagAlloc.Tests.Architecture;

/// <summary>One source file of the engine, as the architecture tests look at it.</summary>
/// <param name="Package">The folder directly under <c>engine/</c>, named as the package; empty for a file that lies there.</param>
/// <param name="Folder">The folder directly under that; empty for a file that lies in the package's own.</param>
/// <param name="Name">The path under <c>engine/</c>, with forward slashes.</param>
/// <param name="Lines">How many lines it has, comments included.</param>
/// <param name="Code">Its text without comments and without the contents of literals.</param>
public sealed partial record EngineSource(string Package, string Folder, string Name, int Lines, string Code)
{
    /// <summary>All source files of the engine.</summary>
    public static IReadOnlyList<EngineSource> ReadAll()
    {
        string engine = Path.Combine(FindRoot(), "engine");
        return Directory.EnumerateFiles(engine, "*.cs", SearchOption.AllDirectories)
            .Select(path => (Path: path, Name: Path.GetRelativePath(engine, path).Replace('\\', '/')))
            .Where(file => !file.Name.Contains("/bin/", StringComparison.Ordinal) && !file.Name.Contains("/obj/", StringComparison.Ordinal))
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .Select(file => Read(file.Path, file.Name))
            .ToArray();
    }

    private static EngineSource Read(string path, string name)
    {
        string text = File.ReadAllText(path);
        string[] parts = name.Split('/');
        string package = parts.Length > 1 ? parts[0] : "";
        return new EngineSource(package, parts.Length > 2 ? parts[1] : "", name, text.TrimEnd('\n').Split('\n').Length, Strip(text));
    }

    // Literals before comments in the pattern: "//" inside a literal starts no comment. Line ends stay where they are not
    // part of a literal, so that what is found can still be located.
    private static string Strip(string text) => LiteralOrComment().Replace(text, match => match.Value[0] == '/' ? " " : "\"\"");

    private static string FindRoot([CallerFilePath] string thisFile = "")
    {
        // The build output first, as everywhere; this file's own place when the output lies outside the repository.
        foreach (string start in new[] { AppContext.BaseDirectory, Path.GetDirectoryName(thisFile) ?? "" })
        {
            for (DirectoryInfo? folder = start.Length == 0 ? null : new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Engine.sln")))
                {
                    return folder.FullName;
                }
            }
        }

        throw new InvalidOperationException("Engine.sln is in no folder above the tests: run them from a checkout.");
    }

    [GeneratedRegex("\"\"\"[\\s\\S]*?\"\"\"|@\"(?:[^\"]|\"\")*\"|\"(?:\\\\.|[^\"\\\\\\n])*\"|'(?:\\\\.[^']*|[^'\\\\\\n])'|//[^\\n]*|/\\*[\\s\\S]*?\\*/")]
    private static partial Regex LiteralOrComment();
}
