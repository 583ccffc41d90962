using MagAlloc.Tool.Analysis;
using MagAlloc.Tool.Tracing;
using Spectre.Console;

namespace MagAlloc.Tests.Stress.Tracing;

public sealed class TopViewTests
{
    [TestCase("", new long[0])]
    [TestCase(" ", new long[] { 0 })]
    [TestCase(" ▁▄█", new long[] { 0, 1, 500, 1000 })]
    [TestCase("██", new long[] { 3, 3 })]
    [TestCase("█", new long[] { 1L << 60 })]
    public void Spark_IsABarAValue_TheHighestFull(string expected, long[] values) => Assert.That(TopView.Spark(values), Is.EqualTo(expected));

    [Test]
    public void DisposedOwners_AndThoseWithoutFigures_AreCountedNotShown()
    {
        OwnerFigures living = new() { Owner = 1, Name = "a", Kind = "heap", Last = default(OwnerSample) with { CommittedBytes = 1 << 20 } };
        OwnerFigures silent = new() { Owner = 3, Name = "c", Kind = "pool" };

        Assert.That(TopView.Shown([living, silent]), Is.EqualTo(new[] { living }));
        Assert.That(TopView.Lines([living, silent], 1, TimeSpan.FromSeconds(2)), Has.Count.EqualTo(1).And.Some.StartsWith("2.0 s  heap a: allocated 0 B"));
        Assert.That(
            TopView.Lines([], 1, TimeSpan.FromSeconds(2)),
            Is.EqualTo(new[] { "2.0 s  no living heap, pool, cache, domain or queue, 1 disposed" }));
        Assert.That(
            TopView.Lines([silent], 0, TimeSpan.FromSeconds(1)),
            Is.EqualTo(new[] { "1.0 s  no figures of a heap, pool, cache, domain or queue yet" }), "it may well live");
    }

    [Test]
    public void AQueueOfBuffers_HasItsOwnFiguresBesides()
    {
        OwnerFigures heap = new() { Owner = 1, Name = "a", Kind = "heap", Last = default(OwnerSample) };
        OwnerFigures queue = heap with { Owner = 2, Name = "q", Kind = "buffers", Buffers = default(BufferSample) with { Importers = 3, OrphanedBytes = 1 << 20, Revocations = 7 }, HandOversPerSecond = 250.5 };

        IReadOnlyList<string> lines = TopView.Lines([heap, queue], 0, TimeSpan.FromSeconds(2));

        Assert.That(lines[0], Does.StartWith("2.0 s  heap a:").And.Not.Contain("importers"));
        Assert.That(lines[1], Does.StartWith("2.0 s  buffers q:").And.EndWith("importers 3, hand-overs/s 250, orphaned 1.0 MiB, revoked 7"));
    }

    [TestCase(80)]
    [TestCase(100)]
    [TestCase(300)]
    public void AllHeadingsAndFiguresAreWhole_InANarrowTerminal(int width)
    {
        OwnerFigures heap = new()
        {
            Owner = 1,
            Name = "a name that is much longer than anybody would think of",
            Kind = "heap",
            Last = default(OwnerSample) with { CommittedBytes = 1L << 40 },
            Committed = [1, 2, 3],
            ExchangesPerSecond = 1_234_567,
        };
        OwnerFigures queue = heap with { Owner = 2, Name = "q", Kind = "buffers", Buffers = default(BufferSample) with { Importers = 3, OrphanedBytes = 1 << 20, Revocations = 7 }, HandOversPerSecond = 250.5 };
        StringWriter output = new();
        IAnsiConsole terminal = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) });
        terminal.Profile.Width = width;

        terminal.Write(TopView.Table("process 4711", [heap, queue], 2, TimeSpan.FromSeconds(2), width));

        string[] lines = output.ToString().Split('\n');
        Assert.That(lines.Max(line => line.TrimEnd().Length), Is.LessThanOrEqualTo(width));
        string[] headings =
        [
            "owner", "allocated", "in threads", "in depots", "committed", "peak", "magazines", "exchanges/s", "reclaimed", "threads", "faults", "importers",
            "hand-overs/s", "orphaned", "revoked",
        ];
        foreach (string text in headings.Concat(["1,234,567", "1.0 TiB", "buffers q", "process 4711, 2.0 s", "2 living, 2 disposed"]))
        {
            Assert.That(output.ToString().Replace("1.0 TiB", "1.0 TiB", StringComparison.Ordinal), Does.Contain(text));
        }
    }
}
