using System.Text.Json;
using System.Text.RegularExpressions;
using MagAlloc.Tests.Stress.Tracing;
using MagAlloc.Tool.Analysis.Reading;

namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>Traces of what was killed: as much as is there is shown, and it is said where that ends.</summary>
[NonParallelizable]
public sealed unsafe class CutTraceTests
{
    private const int EvenCuts = 100;
    private const int FewCuts = 10;

    // Two tags and a reference to nothing, two versions, the length of the name.
    private const int NameInObject = 15;

    private TemporaryFolder _folder = null!;
    private byte[] _whole = [];

    // Without the names of methods at the end: all of it is events.
    private byte[] _short = [];

    private string Cut => _folder["cut.nettrace"];

    private string Json => _folder["cut.json"];

    private string Html => _folder["cut.html"];

    private string Profile => _folder["cut.speedscope.json"];

    [OneTimeSetUp]
    public void MakeATrace()
    {
        _folder = new TemporaryFolder();
        Recording.Make(_folder["whole.nettrace"], AllocateForAWhile, Recording.Everything(4096));
        _whole = File.ReadAllBytes(_folder["whole.nettrace"]);
        Recording.Make(_folder["short.nettrace"], AllocateForAWhile, rundown: false, Recording.Everything(4096));
        _short = File.ReadAllBytes(_folder["short.nettrace"]);
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TearDown]
    public void DeleteOutput()
    {
        foreach (string file in new[] { Cut, Json, Html, Profile })
            File.Delete(file);
    }

    /// <summary>Every hundredth of it, and before, at and behind the border of every block.</summary>
    [Test]
    public void A_trace_that_is_cut_anywhere_is_shown_as_far_as_it_goes_or_refused_in_one_line()
    {
        SortedSet<int> lengths = EvenlyIn(_short, EvenCuts);
        foreach (int border in Borders(_short))
            lengths.UnionWith([border - 1, border, Math.Min(border + 1, _short.Length - 1)]);

        CutAt(_short, lengths, leastMore: EvenCuts / 4);
    }

    [Test]
    public void A_trace_that_is_cut_within_the_names_at_its_end_is_shown() => CutAt(_whole, EvenlyIn(_whole, FewCuts), leastMore: 0);

    /// <summary>The last events before the death are those that are wanted most: a block holds up to 100 KiB of them.</summary>
    [Test]
    public void Of_a_block_that_is_cut_its_whole_events_are_kept()
    {
        (int begin, int end) = LargestBlock();
        HashSet<int> kept = [];
        int last = 0;
        for (int length = begin; length < end; length++)
        {
            using MemoryStream piece = new(_short, 0, length);
            TraceExtent extent = TraceExtent.Of(piece)!;
            Assert.That(extent.WholeBytes, Is.EqualTo(begin), $"{length} bytes");
            Assert.That(extent.SalvagedBytes, Is.InRange(last, length - begin), $"{length} bytes");
            last = extent.SalvagedBytes;
            kept.Add(last);
        }

        Assert.That(end - begin - last, Is.LessThan(1000), "all but the last event");
        Assert.That(kept, Has.Count.GreaterThan((end - begin) / 1000));
    }

    private void CutAt(byte[] trace, SortedSet<int> lengths, int leastMore)
    {
        (long wholeEvents, long wholeOfEngine) = Counts(trace, out _, isWhole: true);
        int shown = 0, more = 0;
        (long Events, long OfEngine) last = default;
        foreach (int length in lengths)
        {
            (long events, long ofEngine) = Counts(trace[..length], out bool isShown);

            Assert.That(events, Is.InRange(last.Events, wholeEvents), $"events of {length} bytes");
            Assert.That(ofEngine, Is.InRange(last.OfEngine, wholeOfEngine), $"of the engine, of {length} bytes");
            shown += isShown ? 1 : 0;
            more += events > last.Events ? 1 : 0;
            last = (events, ofEngine);
        }

        Assert.That(shown, Is.GreaterThan(lengths.Count / 2), "most cuts leave something to be seen");
        Assert.That(more, Is.GreaterThanOrEqualTo(leastMore), "a longer piece has more of it, within a block too");
        Assert.That(Directory.GetFiles(Path.GetTempPath(), "stress-*.nettrace").Concat(Directory.GetFiles(Path.GetTempPath(), "stress-*.etlx")), Is.Empty, "copies that were left");
    }

    [Test]
    public void The_warning_says_where_it_ends_and_what_is_missing_in_every_output()
    {
        int length = _whole.Length * 2 / 3;
        File.WriteAllBytes(Cut, _whole[..length]);

        ProgramRun run = StressProgram.Run("analyze", Cut, "--json", Json, "--html", Html, "--speedscope", Profile);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        TraceExtent extent = ExtentOf(_whole[..length]);
        string where = $@"breaks off at byte {extent.ReadableBytes:N0} \({extent.UnreadBytes:N0} bytes? behind that cannot be read\), \d+\.\d{{3}} s after its beginning";
        Assert.That(run.Error.TrimEnd(), Does.Match($"^stress: warning: .*cut.nettrace: .*{where}.*names of methods").And.Not.Contain("\n"));
        Assert.That(run.Output, Does.Match($"WARNING .*{where}").And.Contain("little"));
        Assert.That(File.ReadAllText(Html), Does.Match(where));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Json));
        Assert.Multiple(() =>
        {
            Assert.That(json.RootElement.GetProperty("complete").GetBoolean(), Is.False);
            Assert.That(json.RootElement.GetProperty("bytes").GetInt64(), Is.EqualTo(length));
            Assert.That(json.RootElement.GetProperty("anomalies").EnumerateArray().Select(a => a.GetProperty("kind").GetString()), Does.Contain("incomplete"));
        });
        using JsonDocument profile = JsonDocument.Parse(File.ReadAllText(Profile));
        Assert.That(profile.RootElement.GetProperty("profiles")[0].GetProperty("samples").GetArrayLength(), Is.Positive);
    }

    [Test]
    public void A_whole_trace_is_called_complete_without_a_warning()
    {
        ProgramRun run = StressProgram.Run("analyze", _folder["whole.nettrace"], "--strict", "--json", Json);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Error, Is.Empty);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Json));
        Assert.That(json.RootElement.GetProperty("complete").GetBoolean(), Is.True);
    }

    [Test]
    public void Strictly_a_cut_trace_is_refused_in_one_line_and_nothing_is_written()
    {
        File.WriteAllBytes(Cut, _whole[..(_whole.Length / 2)]);

        ProgramRun run = StressProgram.Run("analyze", Cut, "--strict", "--json", Json, "--html", Html);

        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error.TrimEnd(), Does.StartWith($"stress: {Cut}: ").And.Contain("--strict").And.Not.Contain("\n"));
        Assert.That(File.Exists(Json) || File.Exists(Html), Is.False);
    }

    /// <summary>As a power failure leaves it: the length is there, the contents are not.</summary>
    [Test]
    public void A_tail_of_zeros_is_a_cut()
    {
        byte[] zeros = [.. _short];
        int border = Borders(_short)[^3];
        Array.Clear(zeros, border, zeros.Length - border);

        (long events, _) = Counts(zeros, out bool isShown);

        Assert.That(isShown, Is.True);
        Assert.That(events, Is.Positive);
    }

    /// <summary>A power failure within a block: a head of zeros would be an event like the one before it, and there would be hundreds.</summary>
    [Test]
    public void Zeros_behind_a_cut_are_no_events()
    {
        (int begin, int end) = LargestBlock();
        for (int length = begin + 100; length < end; length += 97)
        {
            long cut = ExtentOf(_short[..length]).ReadableBytes;
            foreach (int zeros in new[] { 50, 1000, _short.Length - length })
            {
                TraceExtent extent = ExtentOf([.. _short[..length], .. new byte[zeros]]);
                Assert.That(extent.ReadableBytes, Is.EqualTo(cut), $"{length} bytes and {zeros} zeros");
                Assert.That(extent.IsDamaged, Is.False, $"{length} bytes and {zeros} zeros");
            }
        }
    }

    [Test]
    public void A_wrong_byte_is_called_damage_with_its_place_and_what_is_lost()
    {
        List<int> borders = Borders(_short);
        int end = borders[^3], begin = borders[^4];
        byte[] damaged = [.. _short];
        damaged[end - 1] = 0;
        File.WriteAllBytes(Cut, damaged);

        ProgramRun run = StressProgram.Run("analyze", Cut);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Error.TrimEnd(), Does.Contain($"is damaged at byte {begin:N0} ({_short.Length - begin:N0} bytes behind that cannot be read)").And.Not.Contain("\n").And.Not.Contain("killed"));
    }

    /// <summary>The contents of a block of 2 GiB are not read into memory in search of events.</summary>
    [Test]
    public void A_length_beyond_all_blocks_is_damage()
    {
        int begin = Borders(_short).First(border => _short.AsSpan(border).IndexOf("EventBlock"u8) == NameInObject);
        using FileStream file = new(Cut, FileMode.Create);
        file.Write(_short, 0, begin + NameInObject + "EventBlock".Length + 1);
        file.Write(BitConverter.GetBytes(int.MaxValue));
        file.Position = 3L << 30;
        file.WriteByte(1);
        file.Position = 0;

        TraceExtent extent = TraceExtent.Of(file)!;

        Assert.That(extent.IsDamaged, Is.True);
        Assert.That(extent.ReadableBytes, Is.EqualTo(begin));
    }

    /// <summary>The process dies as one that is out of memory does; its tracer lives.</summary>
    [Test]
    [Platform("Linux")]
    public void The_trace_of_a_process_that_was_killed_is_shown()
    {
        using ExternalProgram hammer = ExternalProgram.Stress("hammer", "--threads", "2", "--seconds", "60");
        hammer.AwaitOutput(output => output.Contains("elapsed", StringComparison.Ordinal));
        using ExternalProgram trace = ExternalProgram.Stress("trace", "-o", Cut, "--speedscope", "--sample-bytes", "64KiB", "--pid", $"{hammer.Id}");
        trace.AwaitOutput(output => Regex.IsMatch(output, "traced [1-9]"));
        hammer.Signal("KILL");

        Assert.That(trace.AwaitEnd(), Is.EqualTo(1), trace.Output);
        Assert.That(trace.Output, Does.Contain("lacks its end").And.Match(@"speedscope: .*[1-9]\d* stacks"));
        AssertShown();
    }

    /// <summary>The tracer dies; what it had written is the trace.</summary>
    [Test]
    [Platform("Linux")]
    public void The_trace_of_a_tracer_that_was_killed_is_shown()
    {
        using ExternalProgram hammer = ExternalProgram.Stress("hammer", "--threads", "2", "--seconds", "60");
        hammer.AwaitOutput(output => output.Contains("elapsed", StringComparison.Ordinal));
        using ExternalProgram trace = ExternalProgram.Stress("trace", "-o", Cut, "--pid", $"{hammer.Id}");
        trace.AwaitOutput(output => Regex.IsMatch(output, "traced [1-9]"));
        trace.Signal("KILL");
        trace.AwaitEnd();
        hammer.Signal("TERM");

        Assert.That(hammer.AwaitEnd(), Is.Zero, "it goes on: " + hammer.Output);
        AssertShown();
    }

    private static void AllocateForAWhile()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Name = "little" });
        void*[] blocks = new void*[300];
        for (int round = 0; round < 30; round++)
        {
            for (int i = 0; i < blocks.Length; i++)
                blocks[i] = heap.Allocate(1000);
            foreach (void* block in blocks)
                heap.Free(block);
            Thread.Sleep(10);
        }
    }

    private void AssertShown()
    {
        ProgramRun run = StressProgram.Run("analyze", Cut, "--json", Json);

        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(run.Error.TrimEnd(), Does.Contain("breaks off at byte").And.Not.Contain("\n"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Json));
        Assert.Multiple(() =>
        {
            Assert.That(json.RootElement.GetProperty("complete").GetBoolean(), Is.False);
            Assert.That(json.RootElement.GetProperty("depotExchanges").GetInt64(), Is.Positive);
            Assert.That(json.RootElement.GetProperty("sampledBytes").GetInt64(), Is.Positive);
            Assert.That(json.RootElement.GetProperty("owners").EnumerateArray().Select(owner => owner.GetProperty("name").GetString()), Does.Contain("hammer"));
        });
    }

    private static SortedSet<int> EvenlyIn(byte[] trace, int cuts) => [.. Enumerable.Range(0, cuts).Select(i => (int)((long)trace.Length * i / cuts))];

    private static TraceExtent ExtentOf(byte[] trace)
    {
        using MemoryStream file = new(trace);
        return TraceExtent.Of(file)!;
    }

    private (int Begin, int End) LargestBlock()
    {
        List<int> borders = Borders(_short);
        return borders.Zip(borders.Skip(1)).MaxBy(pair => pair.Second - pair.First);
    }

    private static List<int> Borders(byte[] trace)
    {
        List<int> borders = [];
        for (int length = trace.Length; length > 1;)
        {
            using MemoryStream piece = new(trace, 0, length - 1);
            length = (int)TraceExtent.Of(piece)!.WholeBytes;
            if (borders.Count != 0 && borders[0] == length)
                break;
            borders.Insert(0, length);
        }

        return borders;
    }

    private (long Events, long OfEngine) Counts(byte[] content, out bool isShown, bool isWhole = false)
    {
        File.WriteAllBytes(Cut, content);
        ProgramRun run = StressProgram.Run("analyze", Cut, "--json", Json);
        isShown = run.ExitCode == 0;
        Assert.That(run.ExitCode, Is.Zero.Or.EqualTo(2), $"{content.Length} bytes: {run.Error}");
        Assert.That(run.Error.TrimEnd(), Does.Not.Contain("\n"), $"{content.Length} bytes");
        if (!isShown)
        {
            Assert.That(run.Error, Does.StartWith($"stress: {Cut}: "));
            return default;
        }

        Assert.That(run.Error.Contains("warning", StringComparison.Ordinal), Is.Not.EqualTo(isWhole));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Json));
        return (json.RootElement.GetProperty("events").GetInt64(), json.RootElement.GetProperty("engineEvents").EnumerateObject().Sum(name => name.Value.GetInt64()));
    }
}
