using System.Text.Json;
using System.Xml.Linq;
using MagAlloc.Tool.Analysis;
using MagAlloc.Tool.Analysis.Speedscope;

namespace MagAlloc.Tests.Stress.Analysis;

/// <summary><c>stress analyze</c> on the trace of a real hammer run with injected faults.</summary>
[NonParallelizable]
public sealed class AnalyzeTests
{
    private static readonly string[] s_keys =
    [
        "droppedEvents", "depotExchanges", "reclaimedMagazines", "injectedFaults", "peakCommittedBytes", "sites", "topStacks", "anomalies", "owners", "threads", "gcPauses",
    ];

    private TemporaryFolder _folder = null!;
    private ProgramRun _analysis = null!;

    private string Trace => _folder["hammer.nettrace"];

    private string Page => _folder["trace.html"];

    [OneTimeSetUp]
    public void TraceAHammer()
    {
        _folder = new TemporaryFolder();
        ProgramRun run = StressProgram.Run(
            "trace", "-o", Trace, "--everything", "--", "hammer", "--threads", "3", "--seconds", "2", "--faults", "p=0.002", "--seed", "5", "--json", _folder["run.json"]);
        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        _analysis = StressProgram.Run("analyze", Trace, "--json", _folder["trace.json"], "--html", Page);
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void TraceAndRun_Agree()
    {
        JsonElement run = Json("run.json");
        JsonElement trace = Json("trace.json");

        Assert.That(_analysis.ExitCode, Is.Zero, _analysis.Error);
        Assert.That(trace.EnumerateObject().Select(p => p.Name), Is.SupersetOf(s_keys));
        Assert.That(trace.GetProperty("droppedEvents").GetInt64(), Is.Zero);
        Assert.Multiple(() =>
        {
            foreach (string key in new[] { "depotExchanges", "reclaimedMagazines", "injectedFaults", "peakCommittedBytes" })
            {
                Assert.That(run.GetProperty(key).GetInt64(), Is.Positive, key);
                Assert.That(trace.GetProperty(key).GetInt64(), Is.EqualTo(run.GetProperty(key).GetInt64()), key);
            }
        });
    }

    [Test]
    public void TopStacks_NameWhoAllocates()
    {
        JsonElement trace = Json("trace.json");
        JsonElement[] stacks = [.. trace.GetProperty("topStacks").EnumerateArray()];

        Assert.That(stacks, Is.Not.Empty);
        string[] frames = [.. stacks[0].GetProperty("frames").EnumerateArray().Select(frame => frame.GetString()!)];
        Assert.Multiple(() =>
        {
            Assert.That(StackFrames.IsEngine(frames[0]), Is.True, frames[0]);
            Assert.That(StackFrames.IsEngine(frames[1]), Is.False, $"the engine's inner frames are left out: {frames[1]}");
            Assert.That(frames, Has.Some.Contains("MagAlloc.Stress.Hammer."));
            Assert.That(stacks[0].GetProperty("site").GetString(), Does.StartWith("MagAlloc.Stress."));
            Assert.That(stacks.Select(stack => stack.GetProperty("bytes").GetInt64()), Is.Ordered.Descending);
            Assert.That(_analysis.Output, Does.Contain("allocated by").And.Contain("BlockOperations.TryAllocate ← HammerLane."));
        });
    }

    [Test]
    public void Anomalies_AreToldInWords()
    {
        JsonElement faults = Json("trace.json").GetProperty("anomalies").EnumerateArray().Single(a => a.GetProperty("kind").GetString() == "faults-injected");

        Assert.That(faults.GetProperty("text").GetString(), Does.Contain("Commit"));
        Assert.That(_analysis.Output, Does.Contain(faults.GetProperty("text").GetString()));
    }

    [Test]
    public void Model_HasTheTimeLine()
    {
        TraceModel trace = AnalyzeRun.Read(Trace);
        OwnerHistory heap = trace.Owners.Single(owner => owner.Name == "hammer");

        Assert.Multiple(() =>
        {
            Assert.That(heap.BornInTrace, Is.True);
            Assert.That(heap.DisposedAt, Is.GreaterThan(1.5));
            Assert.That(heap.Samples.Select(sample => sample.Seconds), Is.Ordered.Ascending);
            Assert.That(heap.Samples, Has.Count.GreaterThan(10), "one every 100 ms");
            Assert.That(heap.Samples.Max(sample => sample.AllocatedBytes), Is.Positive.And.LessThanOrEqualTo(heap.PeakCommittedBytes));
            Assert.That(heap.Passes, Is.Not.Empty);
            Assert.That(heap.Passes.Select(pass => pass.Milliseconds), Is.All.GreaterThanOrEqualTo(0));
            Assert.That(trace.GcPauses, Is.Not.Empty, "the hammer's caretaker collects garbage");
            Assert.That(trace.Threads.Count(thread => thread.TotalExchanges > 0), Is.GreaterThanOrEqualTo(3));
            Assert.That(trace.Threads.Sum(thread => thread.TotalExchanges), Is.EqualTo(heap.ExchangesInEvents));
            Assert.That(heap.Classes, Is.Not.Empty);
            Assert.That(trace.Seconds, Is.InRange(1.9, 30));
        });
    }

    [Test]
    public void Page_IsCompleteInItself()
    {
        string html = File.ReadAllText(Page);

        Assert.Multiple(() =>
        {
            Assert.That(html, Does.Not.Contain("<script").And.Not.Contain("src=").And.Not.Contain("href=").And.Not.Contain("url(").And.Not.Contain("://").And.Not.Contain("@import"));
            Assert.That(html, Does.Contain("Heap &#39;hammer&#39;").And.Contain("Depot depth").And.Contain("Reclaim passes").And.Contain("Pauses of the garbage collector"));
            foreach (string svg in html.Split("<svg").Skip(1).Select(part => $"<svg{part[..(part.IndexOf("</svg>", StringComparison.Ordinal) + 6)]}"))
                Assert.That(XElement.Parse(svg).Element("title")?.Value, Is.Not.Null.And.Not.Empty);
        });
    }

    [TestCase(1200, false)]
    [TestCase(1200, true)]
    [TestCase(500, false)]
    public void Page_IsReadableInABrowser(int width, bool dark)
    {
        PageMeasures seen = Chromium.Show(Page, width, dark);

        Assert.Multiple(() =>
        {
            Assert.That(seen.Charts, Is.GreaterThanOrEqualTo(6));
            Assert.That(seen.Flat, Is.Zero);
            Assert.That(seen.Unnamed, Is.Zero);
            Assert.That(seen.Clipped, Is.Empty);
            Assert.That(seen.Overflow, Is.LessThanOrEqualTo(0), "what is too wide scrolls within its frame");
            Assert.That(seen.Contrast, Is.GreaterThanOrEqualTo(4.5), "WCAG AA");
            Assert.That(seen.Ground, dark ? Is.LessThan(0.1) : Is.GreaterThan(0.8));
        });
    }

    [Test]
    public void Speedscope_HasTheSampledBytes()
    {
        using MemoryStream output = new();
        SpeedscopeExport.Write(Trace, output);
        using JsonDocument file = JsonDocument.Parse(output.ToArray());

        int frames = file.RootElement.GetProperty("shared").GetProperty("frames").GetArrayLength();
        JsonElement profile = file.RootElement.GetProperty("profiles").EnumerateArray().First();
        double[] weights = [.. profile.GetProperty("weights").EnumerateArray().Select(weight => weight.GetDouble())];
        int[][] samples = [.. profile.GetProperty("samples").EnumerateArray().Select(sample => sample.EnumerateArray().Select(frame => frame.GetInt32()).ToArray())];
        Assert.Multiple(() =>
        {
            Assert.That(profile.GetProperty("unit").GetString(), Is.EqualTo("bytes"));
            Assert.That(weights.Sum(), Is.EqualTo(Json("trace.json").GetProperty("sampledBytes").GetInt64()));
            Assert.That(profile.GetProperty("endValue").GetDouble(), Is.EqualTo(weights.Sum()).Within(0.01));
            Assert.That(samples, Has.Length.EqualTo(weights.Length));
            Assert.That(samples.SelectMany(sample => sample), Is.All.InRange(0, frames - 1));
            Assert.That(samples, Has.All.Length.GreaterThan(1));
        });
    }

    private JsonElement Json(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(_folder[file]));
        return document.RootElement.Clone();
    }
}
