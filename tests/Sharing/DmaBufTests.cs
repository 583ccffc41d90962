using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;
using Microsoft.Win32.SafeHandles;

namespace MagAlloc.Tests.Sharing;

/// <summary>
/// What becomes of buffers that are in a dma-buf. The device is not: few systems have one. In its place is one whose dma-bufs are bells, and which
/// says that as many hold one as the test wants.
/// </summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class DmaBufTests
{
    private const long Length = 2 * Shared.Page;

    private long _holders = 2;

    [SetUp]
    public void SomebodyElseHasThem() => _holders = 2;

    [Test]
    public void ADmaBuf_IsCountedUntilNobodyHasIt()
    {
        OpenFiles before = OpenFiles.Count();
        using (Shared shared = Make())
        {
            shared.Queue.Request(2, Length);
            using (SafeFileHandle first = shared.Queue.ExportDmaBuf(0), second = shared.Queue.ExportDmaBuf(0))
            {
                Assert.That((first.IsInvalid, second.IsInvalid), Is.EqualTo((false, false)));
                BufferQueueStatistics books = shared.Queue.GetStatistics();
                Assert.That((books.DmaBufs, books.Exports, books.Importers), Is.EqualTo((2, 2L, 0)));
                Assert.That((shared.Queue.Query(0).IsHeld, shared.Queue.Query(1).IsHeld), Is.EqualTo((true, false)));
                BufferException refused = Shared.Refused(BufferError.Busy, () => shared.Queue.Release(ReleaseMode.Strict));
                Assert.That(refused.Holders, Is.EqualTo(new[] { new BufferHolder(0, 0, -1, IsImporter: false) }), "somebody unknown");
            }

            Interlocked.Exchange(ref _holders, 1);
            Assert.That(shared.Queue.Query(0).IsHeld, Is.False);
            Assert.That(shared.Queue.GetStatistics().DmaBufs, Is.Zero);
            Assert.That(shared.Queue.Release(ReleaseMode.Strict).Freed, Is.EqualTo(2));
        }

        before.AssertNothingMore();
    }

    /// <summary>Its pages are the driver's: to drop them would free nothing. So it is an orphan, and counts, until that ends.</summary>
    [TestCase(ReleaseMode.Orphan)]
    [TestCase(ReleaseMode.Revoke)]
    public void Released_ItIsAnOrphanThatCannotBeRevoked(ReleaseMode mode)
    {
        using Shared shared = Make(new BufferQueueOptions { ByteLimit = 4 * Length, OrphanPolicy = OrphanPolicy.RevokeOldest });
        shared.Queue.Request(2, Length);
        using SafeFileHandle made = shared.Queue.ExportDmaBuf(0);
        ReleaseResult released = mode == ReleaseMode.Orphan ? shared.Queue.Release()
            : Shared.Refused(BufferError.NotPermitted, () => shared.Queue.Release(mode)).Released!.Value;
        Assert.That(released, Is.EqualTo(new ReleaseResult(1, 1, Length, 0)));
        Assert.That(shared.Queue.RevokeOrphans(), Is.Zero);
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.DmaBufs, books.OrphanedBytes, books.Revocations), Is.EqualTo((1, Length, 0L)));
        BufferException refused = Shared.Refused(BufferError.QuotaExceeded, () => shared.Queue.Create(4, Length));
        Assert.That(refused.Quota!.Value.Quota, Is.EqualTo(BufferQuota.OrphanedBytes));
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(50)), Is.False);

        Interlocked.Exchange(ref _holders, 1);
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True, "found without being told");
        books = shared.Queue.GetStatistics();
        Assert.That((books.DmaBufs, books.OrphanedBytes, books.Reclaims), Is.EqualTo((0, 0L, 1L)));
        Assert.That(shared.Queue.Create(4, Length).Count, Is.EqualTo(4));
    }

    /// <summary>The revocation that was asked for comes when the driver is done, for there is an importer still.</summary>
    [Test]
    public void ARevocation_ComesWhenTheDriverIsDone()
    {
        using Shared shared = Make();
        shared.Queue.Request(1, Length);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        using SafeFileHandle made = shared.Queue.ExportDmaBuf(0);
        shared.Queue.Release();
        Assert.That((shared.Queue.RevokeOrphans(), import.IsRevoked), Is.EqualTo((0, false)));
        Interlocked.Exchange(ref _holders, 1);
        Assert.That(Shared.IsRevoked(import, Shared.Soon), Is.True);
        import.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void WhereTheKernelDoesNotSay_ItCounts_UntilTheQueueEnds()
    {
        OpenFiles before = OpenFiles.Count();
        using (Shared shared = Make())
        {
            shared.Queue.Request(1, Length);
            shared.Queue.ExportDmaBuf(0).Dispose();
            Interlocked.Exchange(ref _holders, -1);
            Assert.That(shared.Queue.Release().Orphaned, Is.EqualTo(1));
            Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(1500)), Is.False);
        }

        before.AssertNothingMore();
    }

    [Test]
    public void EachStepThatFails_LeavesNothing()
    {
        for (int nth = 1; nth <= 10; nth++)
        {
            FaultPlan plan = FaultPlan.FailNth(nth);
            plan.Enabled = false;
            using Shared shared = Make(new BufferQueueOptions { Faults = plan });
            shared.Queue.Request(1, Length);
            OpenFiles before = OpenFiles.Count();
            plan.Enabled = true;
            try
            {
                shared.Queue.ExportDmaBuf(0).Dispose();
                plan.Enabled = false;
                Assert.That((plan.Injected, nth), Is.EqualTo((0L, 5)), "the device, the caretaker, the dma-buf, the duplicate");
                return;
            }
            catch (BufferException e) when (e.Error == BufferError.OutOfMemory)
            {
                plan.Enabled = false;
                before.AssertNothingMore($"step {nth}");
                Assert.That((shared.Queue.GetStatistics().DmaBufs, shared.Queue.GetStatistics().Exports), Is.EqualTo((0, 0L)));
            }
        }

        Assert.Fail("more than ten steps");
    }

    [Test]
    public void OfALiveBuffer_ItIsFoundGone_WithoutBeingAsked()
    {
        using Shared shared = Make();
        shared.Queue.Request(1, Length);
        using (shared.Queue.ExportDmaBuf(0))
        {
            Assert.That(shared.Queue.GetStatistics().DmaBufs, Is.EqualTo(1));
        }

        Interlocked.Exchange(ref _holders, 1);
        Shared.Eventually(() => shared.Queue.GetStatistics().DmaBufs == 0, "its descriptor is closed");
    }

    [TestCase("pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t7\nsize:\t4096\ncount:\t2\nexp_name:\tudmabuf\n", ExpectedResult = 2)]
    [TestCase("count:\t1\n", ExpectedResult = 1)]
    [TestCase("pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t7\n", ExpectedResult = -1)]
    [TestCase("count:\tmany\n", ExpectedResult = -1)]
    [TestCase("", ExpectedResult = -1)]
    public long WhatTheKernelSaysOfHolders(string text) => DmaBufDevice.HoldersIn(text.Split('\n'));

    [Test]
    public void OfWhatIsNoDmaBuf_TheKernelSaysNothing()
    {
        using FileDescriptor bell = Doorbell.Create()!;
        Assert.That(DmaBufDevice.CountHolders(bell), Is.EqualTo(-1));
    }

    private Shared Make(BufferQueueOptions? options = null)
    {
        Shared shared = new(options);
        shared.Queue.Core.Holders.DmaBufCalls = new DmaBufCalls(Doorbell.Create, (_, _, _) => Doorbell.Create(), _ => Interlocked.Read(ref _holders));
        return shared;
    }
}
