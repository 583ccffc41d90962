using System.Runtime.Versioning;
using System.Text.Json;
using MagAlloc.Tests.Sharing.Support;
using MagAlloc.Tool.Analysis;
using MagAlloc.Tool.Analysis.Anomalies;
using MagAlloc.Tool.Analysis.Page;

namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>Two queues of exportable buffers, traced for real: one whose importer keeps all it ever got, and one that goes well.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class BufferTraceTests
{
    private const int Steps = 100;
    private const long Length = 64 * Shared.Page;
    private const long Quota = 90 * Length;

    private TraceModel _trace = null!;
    private IReadOnlyList<Anomaly> _anomalies = [];
    private BufferQueueStatistics _hoarded;
    private BufferQueueStatistics _good;

    private OwnerHistory Hoarded => _trace.Owners.Single(owner => owner.Name == "hoarded");

    private OwnerHistory Good => _trace.Owners.Single(owner => owner.Name == "good");

    [OneTimeSetUp]
    public void TraceTheQueues()
    {
        using TemporaryFolder folder = new();
        Recording.Make(
            folder["queues.nettrace"],
            () =>
            {
                using Shared hoarded = new(new BufferQueueOptions { Name = "hoarded", ByteLimit = Quota });
                using Shared good = new(new BufferQueueOptions { Name = "good" });
                Share(hoarded, good);

                // The last figures of the trace are those after the last change.
                Thread.Sleep(100);
                _hoarded = hoarded.Queue.GetStatistics();
                _good = good.Queue.GetStatistics();
            },
            Recording.Everything(0));
        _trace = AnalyzeRun.Read(folder["queues.nettrace"]);
        _anomalies = AnomalySearch.Find(_trace);
    }

    [Test]
    public void TheTraceAgreesWithTheQueue()
    {
        BufferSample last = Good.Buffers!.Samples.Last(sample => Good.DisposedAt is not { } end || sample.Seconds < end - 0.02);

        Assert.That(Good.Kind, Is.EqualTo("buffers"));
        Assert.Multiple(() =>
        {
            Assert.That(last.HandOvers, Is.EqualTo(_good.HandOvers).And.EqualTo(Steps));
            Assert.That(last.Acknowledgements, Is.EqualTo(_good.Acknowledgements));
            Assert.That(last.LiveBuffers, Is.EqualTo(_good.LiveBuffers));
            Assert.That(last.Importers, Is.EqualTo(_good.Importers));
            Assert.That(last.Reclaims, Is.EqualTo(_good.Reclaims));
            Assert.That(Good.Buffers.Created, Is.EqualTo(Steps + 1));
            Assert.That(Good.Buffers.Reclaims, Has.Count.EqualTo(Steps + 1), "orphaned or not");
            Assert.That(Hoarded.Buffers!.PeakOrphanedBytes, Is.EqualTo(_hoarded.OrphanedBytes));
            Assert.That(Hoarded.Buffers.Refusals, Is.EqualTo(new Dictionary<string, long> { ["OrphanedBytes"] = _hoarded.QuotaRefusals }));
            Assert.That(Hoarded.PeakCommittedBytes, Is.EqualTo(_hoarded.PeakBytes));
        });
    }

    [Test]
    public void OrphansThatOnlyGrow_AndAQuotaThatIsReached_AreFound()
    {
        Assert.That(TextOf("orphans-only-grow"), Does.Contain("'hoarded'").And.Contain("importers").IgnoreCase);
        Assert.That(TextOf("quota-exceeded"), Does.Contain($"'hoarded' refused {_hoarded.QuotaRefusals} requests at its quotas: OrphanedBytes {_hoarded.QuotaRefusals}"));
    }

    [Test]
    public void AQueueThatGoesWell_IsNotAccused() => Assert.That(_anomalies.Select(anomaly => anomaly.Text), Has.None.Contains("'good'"));

    [Test]
    public void ThePage_ShowsWhoKeepsWhat()
    {
        // The shared heap may be on the page too, where a test before this one has used it.
        string page = TracePage.Of(_trace, _anomalies, 10);
        string hoarded = SectionOf(page, "Buffers &#39;hoarded&#39;");
        string good = SectionOf(page, "Buffers &#39;good&#39;");

        Assert.That(good, Does.Contain("Memory of buffers").And.Contain("Hand-overs a second").And.Contain("100 hand-overs"));
        Assert.That(hoarded, Does.Contain("Memory of buffers"));
        Assert.That(hoarded + good, Does.Not.Contain("Depot depth"), "a queue has none");
    }

    [Test]
    public void TheJson_HasTheFiguresOfAQueue()
    {
        using JsonDocument json = JsonSerializer.SerializeToDocument(new TraceJson(_trace, _anomalies, 10), ToolJson.Default.TraceJson);
        JsonElement buffers = json.RootElement.GetProperty("owners").EnumerateArray().Single(owner => owner.GetProperty("name").GetString() == "hoarded").GetProperty("buffers");
        Assert.That(buffers.GetProperty("peakOrphanedBytes").GetInt64(), Is.EqualTo(_hoarded.OrphanedBytes));
        Assert.That(buffers.GetProperty("quotaRefusals").GetInt64(), Is.EqualTo(_hoarded.QuotaRefusals));
    }

    /// <summary>Both at the same pace: a buffer is made, exported and released; what one importer keeps, the other lets go.</summary>
    private static void Share(Shared hoarded, Shared good)
    {
        (BufferPeer keeper, BufferImporter keeps) = hoarded.Connect();
        (BufferPeer user, BufferImporter uses) = good.Connect();
        good.Queue.Request(1, Length);
        using BufferImport stream = good.Export(0, user, uses);
        good.Queue.StreamOn();
        List<BufferImport> kept = [];
        for (int step = 0; step < Steps; step++)
        {
            try
            {
                int hoardedOne = hoarded.Queue.Create(1, Length).First;
                kept.Add(hoarded.Export(hoardedOne, keeper, keeps));
                hoarded.Queue.Remove(hoardedOne, 1);
            }
            catch (BufferException e) when (e.Error == BufferError.QuotaExceeded)
            {
                // As it must in the end.
            }

            int goodOne = good.Queue.Create(1, Length).First;
            good.Export(goodOne, user, uses).Dispose();
            good.Queue.Remove(goodOne, 1);
            good.Pass(0, uses);
            Thread.Sleep(25);
        }

        Assert.That(good.Queue.WaitForReclaim(Shared.Soon), Is.True);
        GC.KeepAlive(kept);
    }

    private string TextOf(string kind) => _anomalies.Single(anomaly => anomaly.Kind == kind).Text;

    private static string SectionOf(string page, string heading)
    {
        int start = page.IndexOf($"<h2>{heading}", StringComparison.Ordinal);
        Assert.That(start, Is.GreaterThanOrEqualTo(0), $"no section {heading}");
        int end = page.IndexOf("<h2>", start + 4, StringComparison.Ordinal);
        return page[start..(end < 0 ? page.Length : end)];
    }
}
