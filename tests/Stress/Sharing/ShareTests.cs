using System.Text.Json;
using MagAlloc.Stress.Sharing;
using MagAlloc.Tests.Stress.Tracing;

namespace MagAlloc.Tests.Stress.Sharing;

/// <summary>Short runs with importers in processes of their own, as many kills as a short run has, and each rogue once.</summary>
[Platform("Linux")]
[NonParallelizable]
public sealed class ShareTests
{
    private static readonly string[] s_keys =
        ["outcome", "seed", "handovers", "kills", "corruptions", "quotaOverruns", "unreclaimedBytes", "descriptorGrowth", "reclaimMs"];

    private string _json = string.Empty;

    [SetUp]
    public void ChooseReportFile() => _json = Path.Combine(Path.GetTempPath(), $"share-{Guid.NewGuid():N}.json");

    [TearDown]
    public void DeleteReportFile() => File.Delete(_json);

    [Test]
    public void Importers_that_are_killed_leave_nothing_behind()
    {
        JsonElement report = Run("--importers", "2", "--kills", "12", "--seed", "5");

        Assert.Multiple(() =>
        {
            Assert.That(report.GetProperty("seed").GetUInt64(), Is.EqualTo(5));
            Assert.That(report.GetProperty("kills").GetInt64(), Is.GreaterThanOrEqualTo(12));
            Assert.That(report.GetProperty("handovers").GetInt64(), Is.GreaterThan(100));
            Assert.That(report.GetProperty("reclaimMs").GetProperty("p50").GetDouble(), Is.Positive);
            Assert.That(report.GetProperty("reclaimMs").GetProperty("max").GetDouble(), Is.Positive);
            Assert.That(report.GetProperty("share").GetProperty("framesVerified").GetInt64(), Is.GreaterThan(100));
        });
    }

    [TestCase("hold")]
    [TestCase("raw")]
    [TestCase("repass")]
    [TestCase("fork")]
    [TestCase("unread")]
    [TestCase("liar")]
    [TestCase("garbage")]
    public void What_a_rogue_holds_is_taken_from_it(string kind)
    {
        JsonElement report = Run("--importers", "1", "--seconds", "2.5", "--rogue", kind);
        JsonElement share = report.GetProperty("share");

        Assert.That(share.GetProperty("rogues").GetInt64(), Is.Positive);
        Assert.That(share.GetProperty("revocations").GetInt64(), kind == "garbage" ? Is.GreaterThanOrEqualTo(0) : Is.Positive);
    }

    /// <summary>The books are held against this.</summary>
    [Test]
    [System.Runtime.Versioning.SupportedOSPlatform("linux")]
    public void Memory_behind_buffers_is_counted_whoever_counts_it()
    {
        string name = $"counted-{Guid.NewGuid():N}";
        using BufferQueue queue = new(new BufferQueueOptions { Name = name });
        long before = ProcessFiles.BytesBehind(name);
        Assert.That(before, Is.LessThanOrEqualTo(ShareContext.ControlBytes));
        queue.Request(3, 10 * Environment.SystemPageSize);
        Assert.That(ProcessFiles.BytesBehind(name) - before, Is.EqualTo(30 * Environment.SystemPageSize));
        queue.Release();
        Assert.That(ProcessFiles.BytesBehind(name), Is.EqualTo(before));
    }

    [Test]
    public void A_frame_that_is_not_what_it_should_be_is_found()
    {
        byte[] frame = new byte[10_000];
        FramePattern.Fill(frame, 7);
        Assert.That(FramePattern.FindViolation(frame, 7), Is.EqualTo(-1));
        Assert.That(FramePattern.FindViolation(frame, 8), Is.Zero);
        frame[512 * 3] ^= 1;
        Assert.That(FramePattern.FindViolation(frame, 7), Is.EqualTo(512 * 3));
        frame[512 * 3] ^= 1;
        frame[^1] ^= 1;
        Assert.That(FramePattern.FindViolation(frame, 7), Is.EqualTo(frame.Length - 8));
    }

    [TestCase("--rogue", "nobody", "--rogue")]
    [TestCase("--rogue", "", "--rogue")]
    [TestCase("--importers", "0", "--importers")]
    [TestCase("--kills", "-1", "--kills")]
    [TestCase("--frame", "1", "--frame")]
    public void A_bad_value_is_one_line_and_exit_code_2(string option, string value, string named)
    {
        ProgramRun run = StressProgram.Run("share", option, value);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error.Trim().Split('\n'), Has.Length.EqualTo(1));
        Assert.That(run.Error, Does.Contain(named));
    }

    /// <summary>In a process of its own: what is left at the end is counted for the whole process, and the tests' has other things to do.</summary>
    private JsonElement Run(params string[] args)
    {
        using ExternalProgram program = ExternalProgram.Stress(["share", .. args, "--json", _json]);

        Assert.That(program.AwaitEnd(), Is.Zero, program.Output);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(_json));
        JsonElement report = document.RootElement.Clone();
        Assert.Multiple(() =>
        {
            Assert.That(report.EnumerateObject().Select(p => p.Name), Is.SupersetOf(s_keys));
            Assert.That(report.GetProperty("outcome").GetString(), Is.EqualTo("pass"));
            Assert.That(report.GetProperty("corruptions").GetInt64(), Is.Zero);
            Assert.That(report.GetProperty("quotaOverruns").GetInt64(), Is.Zero);
            Assert.That(report.GetProperty("unreclaimedBytes").GetInt64(), Is.Zero);
            Assert.That(report.GetProperty("descriptorGrowth").GetInt64(), Is.Zero);
        });
        return report;
    }
}
