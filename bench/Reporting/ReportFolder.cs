using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Reporting;

/// <summary>The folder behind <c>--report</c>.</summary>
internal sealed class ReportFolder
{
    private const string HtmlFile = "report.html";
    private const string MarkdownFile = "report.md";

    private readonly string _path;

    private ReportFolder(string path) => _path = path;

    /// <summary>Makes the folder where it is missing, and tries whether the report can be written into it; null for no folder.</summary>
    /// <exception cref="UsageException">It cannot.</exception>
    public static ReportFolder? Open(string? path)
    {
        if (path is null)
            return null;
        try
        {
            Directory.CreateDirectory(path);
            string file = Path.Combine(path, HtmlFile);
            bool existed = File.Exists(file);
            using (new FileStream(file, FileMode.OpenOrCreate, FileAccess.Write))
            {
                // Opening it is the trial.
            }

            if (!existed)
                File.Delete(file);
            return new ReportFolder(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"--report: cannot write into '{path}': {e.Message}");
        }
    }

    public void Write(Report report)
    {
        File.WriteAllText(Path.Combine(_path, HtmlFile), HtmlReport.Of(report));
        File.WriteAllText(Path.Combine(_path, MarkdownFile), MarkdownReport.Of(report));
        foreach (ReportChart chart in report.Charts)
            File.WriteAllText(Path.Combine(_path, chart.File), chart.Svg);
    }
}
