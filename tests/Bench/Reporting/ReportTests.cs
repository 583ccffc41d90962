using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Reporting;
using MagAlloc.Tests.Bench.Measurement;

namespace MagAlloc.Tests.Bench.Reporting;

/// <summary>The report of made-up results: complete, well-formed, and without anything to fetch.</summary>
public sealed partial class ReportTests
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    private readonly Report _report = new(SampleBoard.Create(), Pace.Quick);

    [Test]
    public void Charts_AreWellFormedAndWithinTheirBounds()
    {
        string[] files = [.. _report.Charts.Select(chart => chart.File)];
        Assert.That(files, Is.EqualTo(new[] { "headline.svg", "workloads.svg", "memory.svg", "resident-idle-1.svg" })
            .Or.EqualTo(new[] { "headline.svg", "workloads.svg", "memory.svg", "resident-idle.svg" }));
        Assert.Multiple(() =>
        {
            foreach (ReportChart chart in _report.Charts)
            {
                XElement root = XDocument.Parse(chart.Svg).Root!;
                Assert.That(root.Name, Is.EqualTo(s_svg + "svg"), chart.File);
                double width = double.Parse(root.Attribute("width")!.Value, CultureInfo.InvariantCulture);
                foreach (XElement text in root.Elements(s_svg + "text"))
                {
                    (double from, double to) = Extent(text);
                    Assert.That(from >= 0 && to <= width, Is.True, $"{chart.File}: '{text.Value}' is from {from} to {to} of {width}");
                }
            }
        });
    }

    [Test]
    public void Headline_HasABarForEachRatio()
    {
        XElement root = XDocument.Parse(_report.Charts[0].Svg).Root!;

        string[] labels = [.. root.Elements(s_svg + "text").Select(text => text.Value)];
        Assert.That(labels, Is.SupersetOf(new[] { "2.00× mimalloc", "2.00× jemalloc", "4.00×", "alpha", "beta, 2 threads" }));
    }

    [Test]
    public void Html_RefersToNothing()
    {
        string html = HtmlReport.Of(_report);

        Assert.Multiple(() =>
        {
            Assert.That(html, Does.Not.Contain("http").And.Not.Contain("src=").And.Not.Contain("href").And.Not.Contain("<script"));
            Assert.That(Svg().Count(html), Is.EqualTo(_report.Charts.Count));
            Assert.That(html, Does.Contain("libx.so is not installed").And.Contain("signal 11 ended it"));
        });
    }

    [Test]
    public void Folder_HoldsTheReportAndEveryPictureItShows()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"report-{Guid.NewGuid():N}", "deeper");
        try
        {
            ReportFolder.Open(folder)!.Write(_report);

            string markdown = File.ReadAllText(Path.Combine(folder, "report.md"));
            string[] pictures = [.. Picture().Matches(markdown).Select(match => match.Groups[1].Value)];
            Assert.That(pictures, Has.Length.EqualTo(_report.Charts.Count));
            Assert.That(pictures.Select(file => Path.Combine(folder, file)), Has.All.Exist);
            Assert.That(Path.Combine(folder, "report.html"), Does.Exist);
            Assert.That(markdown, Does.Contain("| alpha | 2.00 | 1.00 | 4.00 (mimalloc) | 2.00 | 4.00 | 4.00 | 2.0 | 4.0 |"));
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(folder)!, recursive: true);
        }
    }

    [Test]
    public void Open_LeavesNothingBehind()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"report-{Guid.NewGuid():N}");
        ReportFolder.Open(folder);

        Assert.That(Directory.EnumerateFileSystemEntries(folder), Is.Empty);
        Directory.Delete(folder);
    }

    // By an estimate of the text's width, a little below that of the layout.
    private static (double From, double To) Extent(XElement text)
    {
        double x = double.Parse(text.Attribute("x")!.Value, CultureInfo.InvariantCulture);
        double width = text.Value.Length * 6.5;
        return text.Attribute("text-anchor")?.Value switch
        {
            "middle" => (x - (width / 2), x + (width / 2)),
            "end" => (x - width, x),
            _ => (x, x + width),
        };
    }

    [GeneratedRegex("<svg ")]
    private static partial Regex Svg();

    [GeneratedRegex(@"!\[[^\]]+\]\(([^)]+)\)")]
    private static partial Regex Picture();
}
