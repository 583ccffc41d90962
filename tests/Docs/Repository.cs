namespace MagAlloc.Tests.Docs;

/// <summary>The checkout that the tests run from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

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
