using System.Diagnostics;
using System.Text.RegularExpressions;

namespace MagAlloc.Tests.Docs;

/// <summary>The rules for documents in CONTRIBUTING.md: what they name exists, and a reader gets through them.</summary>
internal sealed partial class PageTests
{
    private const int MostColumns = 100;
    private const int MostWordsOnAverage = 60;
    private const int MostWordsInOne = 110;
    private const int MostWordsOfReadme = 600;
    private const int MostFilesOfARoundTrip = 18;

    // Not ours: properties and calls of a reader's project, and a placeholder.
    private static readonly string[] s_namesOfOthers = ["AddMetrics", "EventSourceSupport", "MetricsSupport", "YourSource"];

    private static readonly IReadOnlyList<MarkdownPage> s_pages = MarkdownPage.ReadAll();

    private static readonly Lazy<HashSet<string>> s_words = new(() =>
    [
        .. from file in Repository.Files(string.Empty)
           where !file.EndsWith($"/{nameof(PageTests)}.cs", StringComparison.Ordinal)
           let text = file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".csproj", StringComparison.Ordinal)
               ? File.ReadAllText(Repository.PathOf(file.Split('/')))
               : string.Empty
           from Match word in Word().Matches($"{file} {text}")
           select word.Value,
    ]);

    private static IReadOnlyList<MarkdownPage> Pages => s_pages;

    // The names and verdicts on that page come from scripts.
    private static IEnumerable<MarkdownPage> PagesByHand => s_pages.Where(page => page.Name != "docs/mutants.md");

    [Test]
    public void The_pages_are_found() =>
        Assert.That(s_pages.Select(page => page.Name), Is.SupersetOf(new[] { "README.md", "CONTRIBUTING.md", "docs/README.md", "docs/design/life-of-a-block.md" }));

    [TestCaseSource(nameof(Pages))]
    public void Every_link_leads_to_a_file_and_a_heading(MarkdownPage page)
    {
        List<string> dead = [];
        foreach ((int number, string target) in page.Links.Where(link => !link.Target.Contains("://", StringComparison.Ordinal)))
        {
            string[] parts = target.Split('#');
            string file = parts[0].Length == 0 ? page.Name : Resolve(page.Name, parts[0]);
            string path = Repository.PathOf(file.Split('/'));
            bool isThere = File.Exists(path) || (parts.Length == 1 && Directory.Exists(path));
            if (!isThere || (parts.Length == 2 && !MarkdownPage.Read(file).Anchors.Contains(parts[1])))
            {
                dead.Add($"{page.Name}:{number}: {target}");
            }
        }

        Assert.That(dead, Is.Empty);
    }

    /// <summary>Paths from the root of the repository, and file names of C# wherever they lie.</summary>
    [TestCaseSource(nameof(Pages))]
    public void Every_file_that_is_named_exists(MarkdownPage page)
    {
        HashSet<string> names = [.. Repository.Files(".cs").Select(file => Path.GetFileName(file)!)];
        IEnumerable<string> missing =
            from code in page.Codes
            let path = PathInRepository().Match(code.Code)
            let name = SourceName().Match(code.Code)
            where (path.Success && !Exists(path.Groups[1].Value)) || (name.Success && !names.Contains(name.Groups[1].Value))
            select $"{page.Name}:{code.Number}: {code.Code}";

        Assert.That(missing, Is.Empty);
    }

    /// <summary>Types, members and options that pages name are in some source: a renamed one takes its pages along.</summary>
    [TestCaseSource(nameof(PagesByHand))]
    public void Every_name_of_code_is_in_the_sources(MarkdownPage page)
    {
        IEnumerable<string> missing =
            from code in page.Codes
            from Match match in PascalCase().Matches(code.Code)
            where !s_words.Value.Contains(match.Value) && !s_namesOfOthers.Contains(match.Value)
            select $"{page.Name}:{code.Number}: {match.Value}";

        Assert.That(missing, Is.Empty);
    }

    [TestCaseSource(nameof(Pages))]
    public void Prose_fits_into_a_hundred_columns(MarkdownPage page) =>
        Assert.That(
            page.Prose.Where(line => line.Text.Length > MostColumns).Select(line => $"{page.Name}:{line.Number}: {line.Text.Length} columns"),
            Is.Empty);

    [TestCaseSource(nameof(Pages))]
    public void Paragraphs_are_short(MarkdownPage page)
    {
        IReadOnlyList<(int Number, int Words)> paragraphs = page.Paragraphs();

        Assert.Multiple(() =>
        {
            Assert.That(
                paragraphs.Where(paragraph => paragraph.Words > MostWordsInOne).Select(paragraph => $"{page.Name}:{paragraph.Number}: {paragraph.Words} words"),
                Is.Empty);
            Assert.That(
                paragraphs.Select(paragraph => (double)paragraph.Words).DefaultIfEmpty(0).Average(),
                Is.LessThanOrEqualTo(MostWordsOnAverage),
                "average words of a paragraph");
        });
    }

    /// <summary>"Who frees a block pays for it" hides the subject: "the thread that frees a block pays for it".</summary>
    [TestCaseSource(nameof(PagesByHand))]
    public void No_sentence_begins_with_a_hidden_subject(MarkdownPage page)
    {
        IEnumerable<string> hidden =
            from line in page.Text
            from Match match in HiddenSubject().Matches(line.Text)
            select $"{page.Name}:{line.Number}: {match.Value}";

        Assert.That(hidden, Is.Empty);
    }

    [TestCaseSource(nameof(Pages))]
    public void No_page_names_what_is_not_here(MarkdownPage page) =>
        Assert.That(Dangling(page.Name, page.Lines), Is.Empty);

    /// <summary>Sources and scripts, too: a reader of them has this repository and nothing else.</summary>
    [Test]
    public void No_source_names_what_is_not_here() =>
        Assert.That(
            Repository.Files(".cs", ".sh", ".csproj", ".props", ".targets")
                .Where(file => !file.EndsWith($"/{nameof(PageTests)}.cs", StringComparison.Ordinal))
                .SelectMany(file => Dangling(file, File.ReadAllLines(Repository.PathOf(file.Split('/'))))),
            Is.Empty);

    [Test]
    public void Every_page_that_a_source_names_exists()
    {
        IEnumerable<string> missing =
            from file in Repository.Files(".cs", ".sh", ".csproj", ".props", ".targets")
            from line in File.ReadAllLines(Repository.PathOf(file.Split('/')))
            from Match match in Page().Matches(line)
            where !File.Exists(Repository.PathOf(match.Value.Split('/')))
            select $"{file}: {match.Value}";

        Assert.That(missing, Is.Empty);
    }

    [Test]
    public void The_readme_is_short() =>
        Assert.That(
            MarkdownPage.Read("README.md").Lines.Sum(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length),
            Is.LessThanOrEqualTo(MostWordsOfReadme));

    [Test]
    public void A_round_trip_takes_few_files()
    {
        MarkdownPage page = MarkdownPage.Read("docs/design/life-of-a-block.md");
        string[] files = [.. page.Text.Select(line => FileRow().Match(line.Text)).Where(match => match.Success).Select(match => match.Groups[1].Value)];
        string[] named = [.. page.Codes.Select(code => SourceName().Match(code.Code)).Where(match => match.Success).Select(match => match.Groups[1].Value).Distinct()];

        Assert.That(files, Has.Length.InRange(10, MostFilesOfARoundTrip).And.Unique);
        Assert.That(named, Is.EquivalentTo(files.Select(file => Path.GetFileName(file)!)), "the table lists what the steps name");
    }

    [Test]
    [Platform("Linux")]
    public void The_page_of_mutants_is_what_the_lists_and_verdicts_say()
    {
        using Process table = Process.Start(new ProcessStartInfo("bash", [Repository.PathOf("tests", "mutants", "table.sh"), "--check"]) { RedirectStandardError = true })!;
        string errors = table.StandardError.ReadToEnd();
        table.WaitForExit();
        Assert.That(table.ExitCode, Is.Zero, errors);
    }

    private static IEnumerable<string> Dangling(string name, IEnumerable<string> lines) =>
        from line in lines.Select((text, i) => (Text: text, Number: i + 1))
        from Match match in NotHere().Matches(line.Text)
        select $"{name}:{line.Number}: {match.Value}";

    private static string Resolve(string page, string target)
    {
        string folder = Path.GetDirectoryName(page)!;
        return Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, folder, target))).Replace('\\', '/');
    }

    private static bool Exists(string path)
    {
        string full = Repository.PathOf(path.Split('/'));
        if (path.Contains('*', StringComparison.Ordinal))
        {
            return Directory.Exists(Path.GetDirectoryName(full)) && Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(full)!, Path.GetFileName(full)).Any();
        }

        // A class may be named by its file without the ending.
        return File.Exists(full) || Directory.Exists(full) || File.Exists($"{full}.cs");
    }

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\b[A-Z][a-z]{2,}[A-Za-z0-9]+\b")]
    private static partial Regex PascalCase();

    [GeneratedRegex(@"^((?:engine|bench|stress|tests|docs)/[\w./*-]+)")]
    private static partial Regex PathInRepository();

    [GeneratedRegex(@"(?:^|/)([\w.]+\.cs)$")]
    private static partial Regex SourceName();

    [GeneratedRegex(@"\bdocs/[\w/-]+\.md\b")]
    private static partial Regex Page();

    [GeneratedRegex(@"^\| `([^`]+\.cs)` \|")]
    private static partial Regex FileRow();

    [GeneratedRegex(@"(?<=(?:^|[.:;] )(?:[-*] )?)Who (?![^.]*\?)[^.?]*|\b[Ww]hoever\b.*")]
    private static partial Regex HiddenSubject();

    // What a clone does not have: this pattern is the list of what must not stand in it, and this file is the one that is not searched for it.
    [GeneratedRegex(@"\breference/|[Dd]esign, section|[Dd]esign section|\bof the reference,|\breference, section|Asked were|\(asked:|; asked: |\bthe issue('s)?\b|(?<![\w.~])/(?:home|root|Users)/\w+")]
    private static partial Regex NotHere();
}
