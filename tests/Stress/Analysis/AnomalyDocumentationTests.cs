using System.Reflection;
using System.Text.RegularExpressions;
using MagAlloc.Tool.Analysis.Anomalies;

namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>The table of anomalies in docs/observability.md is the one of the code.</summary>
public sealed partial class AnomalyDocumentationTests
{
    [Test]
    public void EveryAnomaly_IsExplained_AndNoOther()
    {
        string page = File.ReadAllText(Path.Combine(Root(), "docs", "observability.md"));
        string table = page[page.IndexOf("| anomaly |", StringComparison.Ordinal)..];
        IEnumerable<string> explained = Row().Matches(table).Select(row => row.Groups[1].Value);
        IEnumerable<string> known = typeof(AnomalyKind).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetRawConstantValue()!);

        Assert.That(explained, Is.EquivalentTo(known));
    }

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Engine.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new DirectoryNotFoundException("no Engine.sln above the tests");
    }

    [GeneratedRegex(@"^\| `([a-z-]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
