using System.Diagnostics;
using MagAlloc.Bench.Children;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Reporting;

namespace MagAlloc.Tests.Bench.Children;

/// <summary>A child that misbehaves costs its own line, and neither the others' nor the parent's patience.</summary>
[Platform("Linux")]
public sealed class ChildComparisonTests
{
    [TestCase("exit 3", "failed: it ended with exit code 3 while the start was awaited")]
    [TestCase("echo 'boom' >&2; exit 3", "exit code 3 while the start was awaited: boom")]
    [TestCase("echo ready; read c; kill -9 $$", "failed: signal 9 ended it while 'round' was awaited")]
    [TestCase("echo ready; read c; echo 'done 5'; read c; exit 0", "ended with exit code 0 while 'round' was awaited")]
    [TestCase("echo ready; read c; echo 'failed NullReferenceException: no'", "failed: NullReferenceException: no")]
    [TestCase("echo ready; read c; echo 'done soon'", "'soon' is not the time of a round")]
    [TestCase("echo hello", "'hello' was not expected")]
    [TestCase("echo ready; read c; echo 'done 5'; read c; echo 'done 5'; read c; echo done; read c; echo done; read c; echo 'figures {'", "cannot be read")]
    public void AChildThatMisbehaves_IsReported_AndTheOthersAreMeasured(string script, string reason)
    {
        ComparisonLine[] lines = Compare(ScriptedChild.Entrant("bad", script), ScriptedChild.Entrant("good", ScriptedChild.Healthy));

        Assert.Multiple(() =>
        {
            Assert.That(lines[0].Failed, Is.True);
            Assert.That(lines[0].Reason, Does.Contain(reason).And.Not.Contain("\n"));
            Assert.That(lines[0].Summary, Is.Null);
            Assert.That(lines[1].Failed, Is.False);
            Assert.That(lines[1].Summary?.Median, Is.EqualTo(5));
        });
    }

    [Test]
    public void AChildThatHangs_IsEndedWhenPatienceIs()
    {
        long start = Stopwatch.GetTimestamp();
        using ChildEntrant bad = ScriptedChild.Entrant("bad", "echo ready; sleep 60", patienceSeconds: 0.5);

        ComparisonLine line = Compare(bad)[0];

        Assert.That(line.Reason, Is.EqualTo("failed: no answer to 'round' within 0.5 s"));
        Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(20)));
    }

    [TestCase("echo 'absent libx.so is not installed; apt-get install libx'; cat", true)]
    [TestCase("echo 'unfit has blocks of 64 bytes only'; cat", false)]
    public void AChildThatDoesNotTakePart_IsNoFailure(string script, bool absent)
    {
        ComparisonLine line = Compare(ScriptedChild.Entrant("odd", script))[0];

        Assert.That((line.Absent, line.Failed, line.Summary), Is.EqualTo((absent, false, (RoundSummary?)null)));
        Assert.That(line.Reason, Does.StartWith(absent ? "libx.so" : "has blocks"));
    }

    [Test]
    public void WhenTheMemoryDoesNotHoldAll_TheyAreMeasuredInGroups()
    {
        ChildEntrant[] entrants = [.. new[] { "a", "b", "c" }.Select(name => ScriptedChild.Entrant(name, ScriptedChild.Healthy))];
        Pace pace = Pace.Quick with { Rounds = 2, StartAhead = 1 };
        ChildComparison comparison = new("sample", 1, entrants, pace, new Progress(TextWriter.Null, interactive: false)) { MemoryBudget = 1 };

        IReadOnlyList<ComparisonLine> lines = comparison.Run();

        Assert.That(comparison.Groups, Is.EqualTo(3));
        Assert.That(lines.Select(line => (line.Contender, line.Summary?.Median)), Is.EqualTo(new[] { ("a", 5.0), ("b", 5.0), ("c", (double?)5.0) }));
    }

    [Test]
    public void AProgramThatCannotBeStarted_IsAFailure()
    {
        using ChildEntrant entrant = new("none", new ProcessStartInfo("/nowhere/bench"), TimeSpan.FromSeconds(1), CancellationToken.None);

        Assert.That(Compare(entrant)[0].Reason, Does.StartWith("failed: /nowhere/bench cannot be started"));
    }

    [Test]
    public void AnInterruption_EndsTheWait()
    {
        using CancellationTokenSource source = new(TimeSpan.FromMilliseconds(300));
        ProcessStartInfo start = new("/bin/sh") { ArgumentList = { "-c", "echo ready; sleep 60" } };
        using ChildEntrant entrant = new("slow", start, TimeSpan.FromSeconds(60), source.Token);

        Assert.That(() => Compare(entrant), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void ARealChild_EndsWhenItsParentIsGone()
    {
        ChildAssignment assignment = new("pair-64", "native-memory", 1, Pace.Quick, null);
        ProcessStartInfo start = ChildLauncher.Start(
            assignment, MagAlloc.Bench.Contenders.ContenderCatalog.All.Single(c => c.Name == "native-memory"));
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        using Process child = Process.Start(start)!;
        Assert.That(child.StandardOutput.ReadLine(), Does.StartWith(Protocol.Ready));

        child.StandardInput.Close();

        Assert.That(child.WaitForExit(TimeSpan.FromSeconds(10)), Is.True);
    }

    private static ComparisonLine[] Compare(params ChildEntrant[] entrants)
    {
        Progress progress = new(TextWriter.Null, interactive: false);
        ChildComparison comparison = new("sample", 1, entrants, Pace.Quick with { Rounds = 2 }, progress);
        return [.. comparison.Run()];
    }
}
