using System.Text.Json;
using MagAlloc.Bench.Share;
using MagAlloc.Tests.Bench.Commands;
using MagAlloc.Tests.Stress;

namespace MagAlloc.Tests.Bench.Share;

/// <summary>A short comparison with real consumers, its report, and what the user gets for bad input.</summary>
[Platform("Linux")]
[NonParallelizable]
public sealed class ShareCommandTests
{
    [Test]
    public void Every_way_passes_frames()
    {
        string file = Path.Combine(Path.GetTempPath(), $"share-{Guid.NewGuid():N}.json");
        try
        {
            ProgramRun run = BenchProgram.Run(
                "share", "--quick", "--frame", "64KiB", "--workload", "hand-over", "fill-read-4", "--rounds", "1", "--json", file);

            Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(file));
            JsonElement[] results = [.. json.RootElement.GetProperty("results").EnumerateArray()];
            Assert.Multiple(() =>
            {
                Assert.That(json.RootElement.GetProperty("frameBytes").GetInt32(), Is.EqualTo(64 << 10));
                Assert.That(
                    results.Select(r => $"{r.GetProperty("workload")} {r.GetProperty("contender")}"),
                    Is.EqualTo(new[] { "hand-over", "fill-read-4" }.SelectMany(w => new[] { "buffer-queue", "mapped-file", "pipe-copy" }.Select(c => $"{w} {c}"))));
                Assert.That(results.Select(r => r.GetProperty("nsPerOperation").GetDouble()), Has.All.InRange(100, 1e8));
            });
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Test]
    public void A_frame_that_was_lost_is_noticed()
    {
        byte[] frame = new byte[64];
        long sum = 0;
        ShareFrame.Fill(frame, 5, whole: true);

        Assert.DoesNotThrow(() => ShareFrame.Take(frame, 5, whole: true, ref sum));
        Assert.That(sum, Is.Not.Zero);
        Assert.Throws<InvalidDataException>(() => ShareFrame.Take(frame, 6, whole: false, ref sum));
    }

    [TestCase("--workload: 'nothing' is not known; give one or more of hand-over", "--workload", "nothing")]
    [TestCase("--frame: '1' is not accepted", "--frame", "1")]
    [TestCase("--rounds: '0' is not accepted", "--rounds", "0")]
    [TestCase("--json: cannot write '/nowhere/out.json'", "--json", "/nowhere/out.json")]
    public void Bad_input_is_one_line_and_exit_code_2(string message, params string[] args)
    {
        ProgramRun run = BenchProgram.Run(["share", .. args]);

        Assert.Multiple(() =>
        {
            Assert.That(run.ExitCode, Is.EqualTo(2));
            Assert.That(run.Error, Does.StartWith("bench: ").And.Contain(message));
            Assert.That(run.Error.TrimEnd(), Does.Not.Contain("\n"));
            Assert.That(run.Output, Is.Empty);
        });
    }
}
