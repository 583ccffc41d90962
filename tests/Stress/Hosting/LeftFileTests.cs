using MagAlloc.Tests.Stress.Analysis;
using MagAlloc.Tests.Stress.Tracing;

namespace MagAlloc.Tests.Stress.Hosting;

/// <summary>Whoever is killed cannot clear away: nobody's files are left in the folder for temporary ones.</summary>
[Platform("Linux")]
[NonParallelizable]
public sealed class LeftFileTests
{
    [TestCase("stress share --importers 2 --kills 20 --seed 3")]
    [TestCase("stress share --importers 1 --seconds 1 --rogue fork,repass,raw")]
    [TestCase("stress trace -o {} -- hammer --threads 1 --seconds 0.5")]
    [TestCase("bench compare --quick --rounds 1 --workload pair-64 --contender magalloc --contender native-memory")]
    public void The_temporary_folder_is_empty_afterwards(string command)
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder["tmp"]);
        RoughRun run = RoughRun.Of(command.Replace("{}", folder["run.nettrace"], StringComparison.Ordinal), $"TMPDIR='{folder["tmp"]}' {{}}");

        // Whether all is back in time after a kill is judged elsewhere, on a machine that is not crowded.
        Assert.That(run.ExitCode, Is.Zero.Or.EqualTo(1), run.Output + run.Error);
        Assert.That(run.Output, Does.Not.Contain("kills: 0"));
        Assert.That(Directory.GetFileSystemEntries(folder["tmp"]), Is.Empty);
    }

    /// <summary>Of a traced command that was killed, and of one whose tracer can go no further.</summary>
    [TestCase("/dev/full")]
    [TestCase("/dev/null")]
    public void A_traced_command_that_is_killed_leaves_nothing(string output)
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder["tmp"]);
        using ExternalProgram trace = ExternalProgram.Start(
            "env", $"TMPDIR={folder["tmp"]}", RoughRun.PathOf("stress"), "trace", "-o", output, "--", "hammer", "--threads", "1", "--seconds", "60");
        trace.AwaitOutput(text => text.Contains("process", StringComparison.Ordinal) || text.Contains("cannot write", StringComparison.Ordinal));
        string child = System.Text.RegularExpressions.Regex.Match(trace.Output, @"\(process (\d+)\)").Groups[1].Value;
        if (output == "/dev/null")
        {
            trace.AwaitOutput(text => text.Contains("traced", StringComparison.Ordinal));
            using ExternalProgram kill = ExternalProgram.Start("kill", "-KILL", child);
            kill.AwaitEnd();
        }

        Assert.That(trace.AwaitEnd(), Is.EqualTo(output == "/dev/full" ? 2 : 1), trace.Output);
        Assert.That(Directory.GetFileSystemEntries(folder["tmp"]), Is.Empty);
    }

    [Test]
    public void What_the_tests_kill_leaves_nothing()
    {
        int id;
        using (ExternalProgram hammer = ExternalProgram.Stress("hammer", "--threads", "1", "--seconds", "60"))
        {
            hammer.AwaitOutput(text => text.Contains("elapsed", StringComparison.Ordinal));
            id = hammer.Id;
            Assert.That(Directory.GetFiles(Path.GetTempPath(), $"dotnet-diagnostic-{id}-*"), Is.Not.Empty, "it publishes itself");
        }

        Assert.That(Directory.GetFiles(Path.GetTempPath(), $"*-{id}-*"), Is.Empty);
    }
}
