using System.Runtime.Versioning;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary><c>VIDIOC_REQBUFS</c>: how many buffers there are then, and what becomes of those before.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class RequestTests
{
    [TestCase(1, 3)]
    [TestCase(3, 3)]
    [TestCase(4, 4)]
    [TestCase(8, 8)]
    [TestCase(9, 8)]
    [TestCase(int.MaxValue, 8)]
    public void ACount_IsRoundedToTheLeastAndTheMost(int count, int made)
    {
        using Shared shared = new(new BufferQueueOptions { MinBuffers = 3, MaxBuffers = 8 });
        Assert.That(shared.Queue.Request(count, Shared.Page), Is.EqualTo(made));
        Assert.That(shared.Queue.GetStatistics().LiveBuffers, Is.EqualTo(made));
        Assert.That(Enumerable.Range(0, made).Select(i => shared.Queue.Query(i).Index), Is.EqualTo(Enumerable.Range(0, made)));
        Shared.Refused(BufferError.Invalid, () => shared.Queue.Query(made));
    }

    [Test]
    public void OfNone_ThereIsNone_WhateverTheLeast()
    {
        using Shared shared = new(new BufferQueueOptions { MinBuffers = 3 });
        shared.Queue.Request(3, Shared.Page);
        Assert.That(shared.Queue.Request(0, -1, (BufferProfile)9), Is.Zero, "of what there is none of nothing is checked");
        Assert.That(shared.Queue.GetStatistics().LiveBuffers, Is.Zero);
        Assert.That(shared.Queue.Request(0, 0), Is.Zero, "again");
    }

    [TestCase(1, 1)]
    [TestCase(Shared.Page, 1)]
    [TestCase(Shared.Page + 1, 2)]
    public void ALength_IsRoundedUpToPages(long length, int pages)
    {
        using Shared shared = new();
        shared.Queue.Request(1, length);
        Assert.That(shared.Queue.Query(0).Length, Is.EqualTo(pages * Shared.Page));
        Assert.That(shared.Queue.GetStatistics().LiveBytes, Is.EqualTo(pages * Shared.Page));
        Assert.That(shared.Queue.GetSpan(0).Length, Is.EqualTo(pages * Shared.Page));
    }

    [Test]
    public void NewBuffers_AreZeros_AndDequeued()
    {
        using Shared shared = new();
        shared.Queue.Request(2, 10 * Shared.Page);
        shared.Queue.GetSpan(0).Fill(1);
        shared.Queue.Request(2, 10 * Shared.Page);
        for (int i = 0; i < 2; i++)
        {
            Assert.That(shared.Queue.GetSpan(i).IndexOfAnyExcept((byte)0), Is.EqualTo(-1));
            Assert.That(shared.Queue.Query(i), Is.EqualTo(new BufferInfo { Index = i, Length = 10 * Shared.Page }));
        }
    }

    private static IEnumerable<TestCaseData> Nonsense()
    {
        yield return Case("count -1", queue => queue.Request(-1, Shared.Page));
        yield return Case("length 0", queue => queue.Request(1, 0));
        yield return Case("length -1", queue => queue.Request(1, -1));
        yield return Case("length 2^63-1", queue => queue.Request(1, long.MaxValue));
        yield return Case("profile 9", queue => queue.Request(1, Shared.Page, (BufferProfile)9));
        yield return Case("pages 9", queue => queue.Request(1, Shared.Page, BufferProfile.Stable, (BufferPages)9));
        yield return Case("create count -1", queue => queue.Create(-1, Shared.Page));
        yield return Case("create length 0", queue => queue.Create(1, 0));
        yield return Case("create profile -1", queue => queue.Create(1, Shared.Page, (BufferProfile)(-1)));

        static TestCaseData Case(string name, Action<BufferQueue> call) => new TestCaseData(call).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Nonsense))]
    public void Nonsense_IsInvalid_AndLeavesTheFormerBuffers(Action<BufferQueue> call)
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        shared.Queue.GetSpan(1).Fill(5);
        shared.RefusedWithoutTrace(BufferError.Invalid, () => call(shared.Queue));
        Assert.That(shared.Queue.GetSpan(1)[0], Is.EqualTo(5));
    }

    [Test]
    public void FormerBuffers_AreOrphansWhereTheyAreHeld_AndTheirIndicesFree()
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(1, peer, importer);
        shared.Queue.GetSpan(1).Fill(6);

        Assert.That(shared.Queue.Request(3, 2 * Shared.Page), Is.EqualTo(3));
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.LiveBuffers, books.LiveBytes, books.OrphanedBuffers, books.OrphanedBytes), Is.EqualTo((3, 6L * Shared.Page, 1, (long)Shared.Page)));
        shared.Queue.GetSpan(1).Fill(7);
        Assert.That(import.GetSpan().IndexOfAnyExcept((byte)6), Is.EqualTo(-1), "the orphan is another memory than the buffer that has its index");
        import.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void ARequestOfNone_IsNeverBusyForHeldBuffers_AndLettingGoAfterwardsIsFine()
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        shared.Queue.GetSpan(0).Fill(6);
        Assert.That(shared.Queue.Request(0, 0), Is.Zero);
        Assert.That(import.GetSpan().IndexOfAnyExcept((byte)6), Is.EqualTo(-1));
        import.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(shared.Queue.GetStatistics().Reclaims, Is.EqualTo(1));
    }

    [TestCase(0)]
    [TestCase(1)]
    public void WhileTheStreamIsOn_ItIsBusy(int count)
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        shared.Queue.StreamOn();
        shared.RefusedWithoutTrace(BufferError.Busy, () => shared.Queue.Request(count, Shared.Page));
        shared.Queue.StreamOff();
        Assert.That(shared.Queue.Request(count, Shared.Page), Is.EqualTo(count));
    }

    [TestCase(0)]
    [TestCase(1)]
    public void WithAnImplicitStop_ItStopsTheStream(int count)
    {
        using Shared shared = new(new BufferQueueOptions { ImplicitStop = true });
        shared.Queue.Request(1, Shared.Page);
        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        Assert.That(shared.Queue.Request(count, Shared.Page), Is.EqualTo(count));
        Shared.Refused(BufferError.Invalid, () => shared.Queue.TryDequeue(out _));
    }

    [Test]
    public void ItCancelsWhatWasQueued()
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        shared.Queue.Queue(0);
        shared.Queue.Request(2, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Export(0, peer, importer);
        shared.Queue.StreamOn();
        Assert.That(shared.Queue.Query(0).State, Is.EqualTo(BufferState.Dequeued));
        Assert.That(shared.Queue.GetStatistics().HandOvers, Is.Zero);
    }

    [Test]
    public void ItEndsAnError()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        shared.Queue.Abort();
        Shared.Refused(BufferError.QueueFailed, () => shared.Queue.Queue(0));
        shared.Queue.Request(1, Shared.Page);
        Assert.That(shared.Queue.Queue(0), Is.EqualTo(1));
    }

    [TestCase(2, 3)]
    [TestCase(3, 3)]
    public void WhenMemoryEnds_ThereAreFewer_ButNotFewerThanTheLeast(int least, int granted)
    {
        FaultPlan plan = FaultPlan.FailNth(granted + 1).At(FaultPoint.FileMap);
        plan.Enabled = false;
        using Shared shared = new(new BufferQueueOptions { MinBuffers = least, Faults = plan });
        plan.Enabled = true;
        Assert.That(shared.Queue.Request(5, Shared.Page), Is.EqualTo(granted));
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.LiveBuffers, books.LiveBytes), Is.EqualTo((granted, (long)granted * Shared.Page)));
        Assert.That(shared.Queue.Create(2, Shared.Page), Is.EqualTo(new BufferRange(granted, 2)), "the indices that were not used are free");
    }

    [Test]
    public void WhenMemoryEndsBeforeTheLeast_ThereIsNone()
    {
        FaultPlan plan = FaultPlan.FailNth(3).At(FaultPoint.FileLength);
        plan.Enabled = false;
        using Shared shared = new(new BufferQueueOptions { MinBuffers = 2, Faults = plan });
        shared.Queue.Request(2, Shared.Page);
        plan.Enabled = true;
        BufferException refused = Shared.Refused(BufferError.OutOfMemory, () => shared.Queue.Request(4, Shared.Page));
        Assert.That(refused.Message, Does.Contain("ftruncate"));
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.LiveBuffers, books.LiveBytes, books.OrphanedBuffers), Is.EqualTo((0, 0L, 0)), "the former ones are released");
        Assert.That(shared.Queue.Request(4, Shared.Page), Is.EqualTo(4));
    }

    /// <summary>The system would give pages until it ends processes for want of them.</summary>
    [Test]
    public void ALengthThatNobodyHas_IsRefusedBeforeAnythingIsTaken()
    {
        using Shared shared = new(new BufferQueueOptions { ByteLimit = long.MaxValue });
        BufferException refused = shared.RefusedWithoutTrace(BufferError.OutOfMemory, () => shared.Queue.Request(1, 1L << 50));
        Assert.That(refused.Message, Does.Contain("1125899906842624").Or.Contain("fallocate"), "the machine has not got it, or nobody knows what it has");
        Assert.That(shared.Queue.Request(1, Shared.Page), Is.EqualTo(1));
    }
}
