using System.Runtime.Versioning;
using MagAlloc.Tests.Platform;

namespace MagAlloc.Tests.Sharing;

/// <summary>Options and addresses: what is out of range is refused by its name, before anything is made.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class SharingOptionsTests
{
    private static IEnumerable<TestCaseData> Nonsense()
    {
        yield return Queue(nameof(BufferQueueOptions.MaxBuffers), "from 1 to 32768", new() { MaxBuffers = 0 });
        yield return Queue(nameof(BufferQueueOptions.MaxBuffers), "from 1 to 32768", new() { MaxBuffers = 32769 });
        yield return Queue(nameof(BufferQueueOptions.MinBuffers), "from 1 to 32", new() { MinBuffers = 0 });
        yield return Queue(nameof(BufferQueueOptions.MinBuffers), "from 1 to 8", new() { MinBuffers = 9, MaxBuffers = 8 });
        yield return Queue(nameof(BufferQueueOptions.MaxReleased), "from 0 to 32768", new() { MaxReleased = -1 });
        yield return Queue(nameof(BufferQueueOptions.MaxReleased), "from 0 to 32768", new() { MaxReleased = 32769 });
        yield return Queue(nameof(BufferQueueOptions.MinQueued), "from 0 to 32", new() { MinQueued = -1 });
        yield return Queue(nameof(BufferQueueOptions.MinQueued), "from 0 to 32", new() { MinQueued = 33 });
        yield return Queue(nameof(BufferQueueOptions.ByteLimit), "from 4096", new() { ByteLimit = 4095 });
        yield return Queue(nameof(BufferQueueOptions.ByteLimit), "from 4096", new() { ByteLimit = -1 });
        yield return Queue(nameof(BufferQueueOptions.OrphanByteLimit), "from 8192", new() { ByteLimit = 8192, OrphanByteLimit = 8191 });
        yield return Queue(nameof(BufferQueueOptions.OrphanByteLimit), "or -1", new() { OrphanByteLimit = -2 });
        yield return Queue(nameof(BufferQueueOptions.ImporterBuffers), "or -1", new() { ImporterBuffers = -2 });
        yield return Queue(nameof(BufferQueueOptions.ImporterBytes), "or -1", new() { ImporterBytes = -2 });
        yield return Queue(nameof(BufferQueueOptions.ImporterUnread), "from 1 to 200", new() { ImporterUnread = 0 });
        yield return Queue(nameof(BufferQueueOptions.ImporterUnread), "from 1 to 200", new() { ImporterUnread = 201 });
        yield return Queue(nameof(BufferQueueOptions.DescriptorHeadroom), "from 0", new() { DescriptorHeadroom = -1 });
        yield return Queue(nameof(BufferQueueOptions.OrphanPolicy), "Keep or RevokeOldest", new() { OrphanPolicy = (OrphanPolicy)2 });
        yield return Queue(nameof(BufferQueueOptions.OrphanTimeout), "not be negative", new() { OrphanTimeout = TimeSpan.FromMilliseconds(-2) });
        yield return Queue(nameof(BufferQueueOptions.DisposeMode), "Orphan or Revoke", new() { DisposeMode = ReleaseMode.Strict });
        yield return Queue(nameof(BufferQueueOptions.DisposeMode), "Orphan or Revoke", new() { DisposeMode = (ReleaseMode)9 });
        yield return Queue(nameof(BufferQueueOptions.AcknowledgeTimeout), "at least 1 ms", new() { AcknowledgeTimeout = TimeSpan.Zero });
        yield return Queue(nameof(BufferQueueOptions.AcknowledgeTimeout), "or infinite", new() { AcknowledgeTimeout = TimeSpan.FromMilliseconds(-2) });
        yield return Queue(nameof(BufferQueueOptions.Spin), "from 0 to 1 ms", new() { Spin = TimeSpan.FromTicks(-1) });
        yield return Queue(nameof(BufferQueueOptions.Spin), "from 0 to 1 ms", new() { Spin = TimeSpan.FromMilliseconds(1.1) });
        yield return Importer(nameof(BufferImporterOptions.ConnectTimeout), "positive", new() { ConnectTimeout = TimeSpan.Zero });
        yield return Importer(nameof(BufferImporterOptions.ConnectTimeout), "positive", new() { ConnectTimeout = Timeout.InfiniteTimeSpan });
        yield return Importer(nameof(BufferImporterOptions.ConnectTimeout), "positive", new() { ConnectTimeout = TimeSpan.MaxValue });
        yield return Importer(nameof(BufferImporterOptions.Spin), "from 0 to 1 ms", new() { Spin = TimeSpan.FromTicks(-1) });
        yield return Importer(nameof(BufferImporterOptions.Spin), "from 0 to 1 ms", new() { Spin = TimeSpan.FromMilliseconds(2) });

        static TestCaseData Queue(string name, string range, BufferQueueOptions options) => Case(name, range, () => new BufferQueue(options).Dispose());

        static TestCaseData Importer(string name, string range, BufferImporterOptions options)
            => Case(name, range, () => BufferImporter.Connect("@magalloc-nobody", options).Dispose());

        static TestCaseData Case(string name, string range, Action make) => new TestCaseData(name, range, make).SetArgDisplayNames(name, range);
    }

    [TestCaseSource(nameof(Nonsense))]
    public void Nonsense_IsRefusedByName_WithTheRange(string name, string range, Action make)
    {
        OpenFiles before = OpenFiles.Count();
        ArgumentOutOfRangeException refusal = Assert.Throws<ArgumentOutOfRangeException>(() => make())!;
        Assert.That(refusal.ParamName, Is.EqualTo(name));
        Assert.That(refusal.Message, Does.Contain(name).And.Contain(range));
        before.AssertNothingMore();
    }

    private static IEnumerable<TestCaseData> Ends()
    {
        yield return Case("all least", new() { MaxBuffers = 1, MinBuffers = 1, MaxReleased = 0, MinQueued = 0, ByteLimit = 4096, OrphanByteLimit = 4096, ImporterBuffers = 0, ImporterBytes = 0, ImporterUnread = 1, DescriptorHeadroom = 0, OrphanTimeout = TimeSpan.Zero, AcknowledgeTimeout = TimeSpan.FromMilliseconds(1), Spin = TimeSpan.Zero });
        yield return Case("all most", new() { MaxBuffers = 32768, MinBuffers = 1, MaxReleased = 32768, MinQueued = 1, ByteLimit = long.MaxValue, OrphanByteLimit = long.MaxValue, ImporterBuffers = int.MaxValue, ImporterBytes = long.MaxValue, ImporterUnread = 200, OrphanTimeout = TimeSpan.MaxValue, AcknowledgeTimeout = TimeSpan.MaxValue, Spin = TimeSpan.FromMilliseconds(1) });
        yield return Case("never", new() { OrphanTimeout = Timeout.InfiniteTimeSpan });

        static TestCaseData Case(string name, BufferQueueOptions options) => new TestCaseData(options).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Ends))]
    public void TheEndsOfTheRanges_Work(BufferQueueOptions options)
    {
        using BufferQueue queue = new(options);
        Assert.That(queue.Request(1, 1), Is.EqualTo(1));
        queue.StreamOn();
        Assert.That(queue.TryDequeue(out _), Is.False);
        queue.StreamOff();
        Assert.That(queue.Release().Freed, Is.EqualTo(1));
    }

    [Test]
    public void ANullName_IsRefused()
    {
        Assert.That(() => new BufferQueue(new BufferQueueOptions { Name = null! }), Throws.TypeOf<ArgumentNullException>());
        Assert.That(() => BufferImporter.Connect("@magalloc-nobody", new BufferImporterOptions { Name = null! }), Throws.TypeOf<ArgumentNullException>());
    }

    [TestCase("")]
    [TestCase("cameras")]
    [TestCase("Kamera für Größen")]
    public void AName_IsInExceptions_AndWhereBuffersAreMapped(string name)
    {
        using BufferQueue queue = new(new BufferQueueOptions { Name = name });
        Assert.That(queue.Name, Is.EqualTo(name));
        queue.Request(1, 10 * 4096);
        Assert.That(File.ReadLines("/proc/self/maps"), Has.Some.Contains($"/memfd:{name} "));
        BufferException refused = Assert.Throws<BufferException>(() => queue.Query(1))!;
        Assert.That(refused.Message, Does.StartWith($"{name}: "));
    }

    [Test]
    public void TheDefaults_AreWhatTheyAreSaidToBe()
    {
        BufferQueueOptions options = new();
        Assert.Multiple(() =>
        {
            Assert.That((options.Name, options.MaxBuffers, options.MinBuffers, options.MaxReleased, options.MinQueued), Is.EqualTo(("buffers", 32, 1, 64, 0)));
            Assert.That((options.ByteLimit, options.OrphanByteLimit, options.ImporterBuffers, options.ImporterBytes), Is.EqualTo((1L << 30, -1L, -1, -1L)));
            Assert.That((options.ImporterUnread, options.DescriptorHeadroom, options.OrphanPolicy), Is.EqualTo((64, 64, OrphanPolicy.Keep)));
            Assert.That((options.OrphanTimeout, options.DisposeMode), Is.EqualTo((Timeout.InfiniteTimeSpan, ReleaseMode.Revoke)));
            Assert.That((options.ImplicitStop, options.WritableExports, options.TrustImporters, options.Faults), Is.EqualTo((false, false, false, (FaultPlan?)null)));
            Assert.That(new BufferQueueOptions { ByteLimit = 5 << 20 }.OrphanBytes, Is.EqualTo(5 << 20));
        });
    }

    [TestCase("")]
    [TestCase("@")]
    [TestCase("/tmp/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890")]
    public void AnAddressThatIsNone_IsRefused(string address)
    {
        Assert.That(() => new BufferListener(address), Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo("address"));
        Assert.That(() => BufferImporter.Connect(address), Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo("address"));
    }
}
