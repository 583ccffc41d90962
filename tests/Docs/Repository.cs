namespace MagAlloc.Tests.Docs;

/// <summary>The checkout that the tests run from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The files of the repository with one of the endings, by their paths with forward slashes; what builds and tools put there is left out.</summary>
    public static IEnumerable<string> Files(params string[] endings) =>
        Walk(Root).Where(file => endings.Any(ending => file.EndsWith(ending, StringComparison.Ordinal)))
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/'))
            .Order(StringComparer.Ordinal);

    /// <summary>The code blocks of a page in a language, in their order.</summary>
    public static IReadOnlyList<string> Blocks(string page, string language)
    {
        List<string> blocks = [];
        string text = File.ReadAllText(PathOf("docs", page)).ReplaceLineEndings("\n");
        string fence = $"\n```{language}\n";
        for (int begin = text.IndexOf(fence, StringComparison.Ordinal); begin >= 0; begin = text.IndexOf(fence, begin, StringComparison.Ordinal))
        {
            begin += fence.Length;
            blocks.Add(text[begin..text.IndexOf("\n```", begin, StringComparison.Ordinal)]);
        }

        return blocks;
    }

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (string inner in Directory.EnumerateDirectories(folder))
        {
            string name = Path.GetFileName(inner);

            // A checkout may lie beside files that are lent to it, and a nested repository is somebody else's.
            if (name is not ("bin" or "obj" or "artifacts" or "shared" or "BenchmarkDotNet.Artifacts" or "TestResults")
                && !name.StartsWith('.') && !Path.Exists(Path.Combine(inner, ".git")))
            {
                foreach (string file in Walk(inner))
                {
                    yield return file;
                }
            }
        }

        foreach (string file in Directory.EnumerateFiles(folder))
        {
            yield return file;
        }
    }

    private static string Find()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Engine.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException("Engine.sln is in no folder above the tests.");
    }
}
