using System.Text.RegularExpressions;

namespace MagAlloc.Tests.Docs;

/// <summary>A Markdown file of the repository, as the tests of the documents look at it.</summary>
internal sealed partial class MarkdownPage
{
    private MarkdownPage(string name, string[] lines)
    {
        Name = name;
        Lines = lines;
        bool isCode = false;
        List<(int Number, string Text)> text = [];
        for (int i = 0; i < lines.Length; i++)
        {
            bool isFence = lines[i].TrimStart().StartsWith("```", StringComparison.Ordinal);
            isCode ^= isFence;
            text.Add((i + 1, isCode || isFence ? string.Empty : lines[i]));
        }

        Text = text;
    }

    /// <summary>The path in the repository, with forward slashes.</summary>
    public string Name { get; }

    public string[] Lines { get; }

    /// <summary>All lines with their numbers; those of code blocks are empty.</summary>
    public IReadOnlyList<(int Number, string Text)> Text { get; }

    /// <summary>Prose: no code, tables, comments or images.</summary>
    public IEnumerable<(int Number, string Text)> Prose => Text.Where(line => !NotProse().IsMatch(line.Text));

    /// <summary>Links and images: where they stand and what they name.</summary>
    public IEnumerable<(int Number, string Target)> Links =>
        from line in Text
        from Match match in Link().Matches(InlineCode().Replace(line.Text, string.Empty))
        select (line.Number, match.Groups[1].Value);

    /// <summary>What stands in backticks outside of code blocks.</summary>
    public IEnumerable<(int Number, string Code)> Codes =>
        from line in Text
        from Match match in InlineCode().Matches(line.Text)
        select (line.Number, match.Groups[1].Value);

    /// <summary>The anchors that GitHub makes of the headings.</summary>
    public IReadOnlySet<string> Anchors => Text
        .Where(line => line.Text.StartsWith('#'))
        .Select(line => NotInAnchors().Replace(line.Text.TrimStart('#').Trim().ToLowerInvariant(), string.Empty).Replace(' ', '-'))
        .ToHashSet();

    /// <summary>Words of each paragraph of prose; an item of a list is one.</summary>
    public IReadOnlyList<(int Number, int Words)> Paragraphs()
    {
        List<(int Number, int Words)> paragraphs = [];
        bool begins = true;
        HashSet<int> prose = [.. Prose.Select(line => line.Number)];
        foreach ((int number, string text) in Text)
        {
            if (text.Trim().Length == 0 || text.StartsWith('#') || !prose.Contains(number))
            {
                begins = true;
                continue;
            }

            if (begins || ListItem().IsMatch(text))
            {
                paragraphs.Add((number, 0));
                begins = false;
            }

            paragraphs[^1] = (paragraphs[^1].Number, paragraphs[^1].Words + text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length);
        }

        return paragraphs;
    }

    public static MarkdownPage Read(string name) => new(name, File.ReadAllLines(Repository.PathOf(name.Split('/'))));

    /// <summary>All pages of the repository, but what builds have put there.</summary>
    public static IReadOnlyList<MarkdownPage> ReadAll() => [.. Repository.Files(".md").Select(Read)];

    public override string ToString() => Name;

    [GeneratedRegex(@"^(\||<|!\[|\[[^\]]+\]:)")]
    private static partial Regex NotProse();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex(@"^\s*([-*]|\d+\.) ")]
    private static partial Regex ListItem();
}
