using System.Runtime.InteropServices;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Tests.Stress;

public sealed class TraceReaderTests
{
    [Test]
    public void GoodTrace_IsLoadedWithWhatIsKnownOfIt()
    {
        using AllocationTrace trace = new TraceBytes()
            .Allocate(7, 100)
            .Add(TraceOperation.AllocateZeroed, 1_000_000, 50, thread: 3)
            .Add(TraceOperation.AllocateAligned, 9, 0, log2Alignment: 12)
            .Add(TraceOperation.Reallocate, 7, 300, thread: 3)
            .Free(1_000_000)
            .Load();

        Assert.Multiple(() =>
        {
            Assert.That(trace.Count, Is.EqualTo(5));
            Assert.That(trace.Objects, Is.EqualTo(3));
            Assert.That(trace.Unfreed, Is.EqualTo(2));
            Assert.That(trace.PeakLiveBytes, Is.EqualTo(350));
            Assert.That(trace.Threads, Is.EqualTo(new[] { 1, 3 }));
            Assert.That(trace.Span.ToArray().Select(r => r.Id), Is.EqualTo(new uint[] { 0, 1, 2, 0, 1 }), "objects are renumbered by birth");
        });
    }

    private static IEnumerable<TestCaseData> BadTraces()
    {
        // By hand: GZipStream writes nothing at all for no input.
        byte[] empty = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        yield return new TestCaseData(empty, "holds no record").SetName("Empty");
        yield return new TestCaseData(new TraceBytes().Allocate(1, 8).Raw(1, 2, 3).Gzip(), "truncated in record 1").SetName("HalfRecord");
        yield return Bad("UnknownOperation", b => b.Add((TraceOperation)6, 2, 8), "record 1: unknown operation 6");
        yield return Bad("OperationZero", b => b.Add(0, 2, 8), "record 1: unknown operation 0");
        yield return Bad("ThreadZero", b => b.Allocate(2, 8, thread: 0), "record 1: thread 0");
        yield return Bad("IdUsedTwice", b => b.Allocate(1, 8), "record 1: object 1 is allocated a second time");
        yield return Bad("IdReusedAfterFree", b => b.Free(1).Allocate(1, 8), "record 2: object 1 is allocated a second time");
        yield return Bad("FreeOfUnknown", b => b.Free(5), "record 1: object 5 is freed but was never allocated");
        yield return Bad("DoubleFree", b => b.Free(1).Free(1), "record 2: object 1 is freed after it was freed");
        yield return Bad("ReallocateOfUnknown", b => b.Add(TraceOperation.Reallocate, 5, 1), "object 5 is reallocated but was never");
        yield return Bad("ReallocateOfFreed", b => b.Free(1).Add(TraceOperation.Reallocate, 1, 1), "object 1 is reallocated after it was freed");
        yield return Bad("AlignmentTooLarge", b => b.Add(TraceOperation.AllocateAligned, 2, 8, 1, 31), "record 1: alignment 2^31");
        yield return Bad("AlignmentOnMalloc", b => b.Add(TraceOperation.Allocate, 2, 8, 1, 4), "record 1: alignment 2^4 on operation 1");
        yield return Bad("SizeTooLarge", b => b.Allocate(2, TraceValidator.MaxSize + 1), "record 1: size 68719476737");
        yield return Bad("SizeOnFree", b => b.Add(TraceOperation.Free, 1, 8), "record 1: size 8 on a free");
    }

    private static TestCaseData Bad(string name, Func<TraceBytes, TraceBytes> more, string message) =>
        new TestCaseData(more(new TraceBytes().Allocate(1, 8)).Gzip(), message).SetName(name);

    [TestCaseSource(nameof(BadTraces))]
    public void BadTrace_IsRefusedWithOneLineThatNamesFileAndRecord(byte[] file, string message)
    {
        TraceFormatException? e = Assert.Throws<TraceFormatException>(() => TraceReader.Read("t.trace.gz", file));

        Assert.That(e!.Message, Does.StartWith("t.trace.gz: ").And.Contain(message).And.Not.Contain("\n"));
    }

    [Test]
    public void GzipCutAnywhere_IsRefused()
    {
        TraceBytes bytes = new();
        for (uint i = 0; i < 2000; i++)
            bytes.Allocate(i, i * 977 % 5000);
        byte[] whole = bytes.Gzip();

        for (int length = 0; length < whole.Length; length += 1 + (whole.Length / 97))
        {
            byte[] cut = whole[..length];
            Assert.That(() => TraceReader.Read("t", cut), Throws.TypeOf<TraceFormatException>(), $"cut to {length} bytes");
        }
    }

    [Test]
    public void FlippedBitInTheGzipStream_IsRefused()
    {
        TraceBytes bytes = new();
        for (uint i = 0; i < 500; i++)
            bytes.Allocate(i, i * 31 % 700);
        byte[] whole = bytes.Gzip();

        // From the first byte of the deflate data to the last of the trailer. A few bits mean nothing (padding before the
        // trailer): what then comes out must be what went in.
        for (int at = 10; at < whole.Length; at++)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= 4;
            try
            {
                using AllocationTrace trace = TraceReader.Read("t", damaged);
                using AllocationTrace sound = TraceReader.Read("t", whole);
                Assert.That(MemoryMarshal.AsBytes(trace.Span).SequenceEqual(MemoryMarshal.AsBytes(sound.Span)), Is.True, $"bit flipped in byte {at}");
            }
            catch (TraceFormatException)
            {
            }
        }
    }

    [Test]
    public void MissingFile_IsOneClearLine() =>
        Assert.That(
            () => TraceReader.Load("/no/such.trace.gz"),
            Throws.TypeOf<TraceFormatException>().With.Message.StartsWith("/no/such.trace.gz: no such file"));

    [Test]
    public void NotGzip_IsOneClearLine() =>
        Assert.That(
            () => TraceReader.Read("t", new byte[64]),
            Throws.TypeOf<TraceFormatException>().With.Message.EqualTo("t: not a gzip file"));

    [TestCase("redis.trace.gz", 150_000, 3)]
    [TestCase("python-threads.trace.gz", 200_000, 4)]
    public void BundledTrace_IsSound(string name, int records, int threads)
    {
        using AllocationTrace trace = TraceReader.Load(Path.Combine(AppContext.BaseDirectory, "traces", name));

        Assert.Multiple(() =>
        {
            Assert.That(trace.Count, Is.EqualTo(records));
            Assert.That(trace.Threads, Has.Count.EqualTo(threads));
            Assert.That(trace.Unfreed, Is.GreaterThan(0), "a cut trace leaves objects unfreed");
        });
    }
}
