using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>What a queue does where the system has no leases, refuses them later, or tells of no closes.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class FallbackTests
{
    private const long Length = 4 * Shared.Page;

    // The steps of a start, in their order: the oracle is opened, and the lease asked; another description, and the lease again; the control page is opened for
    // importers; then the process's watcher is made, and a description opened and closed under it.
    [TestCase(FaultPoint.FileWatch, 1)]
    [TestCase(FaultPoint.FileOpen, 4)]
    public void WithoutAWatcher_LeasesAreAskedNowAndThen_AndTheRestWorks(FaultPoint point, int nth)
    {
        FaultPlan plan = FaultPlan.FailNth(nth).At(point);
        OpenFiles before = OpenFiles.Count();
        using (Shared shared = new(new BufferQueueOptions { Faults = plan }))
        {
            Assert.That(plan.Injected, Is.EqualTo(1));
            Assert.That((shared.Queue.Tracking, shared.Queue.GetStatistics().Tracking), Is.EqualTo((BufferTracking.Polled, BufferTracking.Polled)));
            shared.Queue.Request(2, Length);
            (BufferPeer peer, BufferImporter importer) = shared.Connect();
            BufferImport import = shared.Export(0, peer, importer);
            shared.Queue.GetSpan(0).Fill(4);
            Assert.That(import.GetSpan().IndexOfAnyExcept((byte)4), Is.EqualTo(-1));
            shared.Queue.StreamOn();
            Assert.That(shared.Pass(0, importer).IsError, Is.False);
            shared.Queue.StreamOff();
            Shared.Refused(BufferError.Busy, () => shared.Queue.Release(ReleaseMode.Strict));
            Assert.That(shared.Queue.Release(), Is.EqualTo(new ReleaseResult(1, 1, Length, 0)));
            Assert.That(shared.Queue.RevokeOrphans(), Is.EqualTo(1));
            Assert.That(import.IsRevoked, Is.True);
            import.Dispose();
            Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        }

        before.AssertNothingMore();
    }

    [TestCase(FaultPoint.FileLease, 1, BufferError.NotSupported, "F_SETLEASE")]
    [TestCase(FaultPoint.FileLease, 2, BufferError.NotSupported, "F_SETLEASE")]
    [TestCase(FaultPoint.FileOpen, 1, BufferError.OutOfMemory, "open")]
    [TestCase(FaultPoint.FileOpen, 2, BufferError.OutOfMemory, "open")]
    public void WhereNobodyCouldKnowWhoHoldsABuffer_ThereIsNoQueue(FaultPoint point, int nth, BufferError error, string named)
    {
        OpenFiles before = OpenFiles.Count();
        BufferQueueOptions options = new() { Name = "named", Faults = FaultPlan.FailNth(nth).At(point) };
        BufferException refused = Shared.Refused(error, () => new BufferQueue(options).Dispose());
        Assert.That(refused.Message, Does.StartWith("named: ").And.Contain(named));
        before.AssertNothingMore();
    }

    [Test]
    public void Polled_ACloseIsFoundWithoutBeingTold()
    {
        using Shared shared = new(new BufferQueueOptions { Faults = FaultPlan.FailNth(1).At(FaultPoint.FileWatch) });
        using RawImporter raw = Orphan(shared, out FileDescriptor file);
        Thread.Sleep(200);
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.Zero), Is.False);
        file.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(shared.Queue.GetStatistics().Reclaims, Is.EqualTo(1));
    }

    [Test]
    public void WhenTheWatchesRunOut_ItIsPolledFromThenOn()
    {
        FaultPlan plan = FaultPlan.FailNth(1).At(FaultPoint.FileWatch);
        plan.Enabled = false;
        using Shared shared = new(new BufferQueueOptions { Faults = plan });
        using RawImporter raw = RawImporter.Join(shared);
        shared.Queue.Request(2, Length);
        raw.Take(shared, 0, out FileDescriptor watched);
        Assert.That(shared.Queue.Tracking, Is.EqualTo(BufferTracking.Exact));
        plan.Enabled = true;
        raw.Take(shared, 1, out FileDescriptor unwatched);
        Assert.That(shared.Queue.Tracking, Is.EqualTo(BufferTracking.Polled));
        shared.Queue.Release();
        unwatched.Dispose();
        Shared.Eventually(() => shared.Queue.GetStatistics().Reclaims == 1, "found by asking");
        watched.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void WithoutLeases_AnImporterIsBelieved_AndThePagesAreDroppedFirst()
    {
        using Shared shared = WithoutLeases();
        using RawImporter raw = Orphan(shared, out FileDescriptor file);
        Assert.That(MemoryFile.Resident(file), Is.EqualTo(Length));
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(50)), Is.False);
        raw.Say(MessageKind.LetGo, new SharingMessage { Slot = 0, Generation = 1 });
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(MemoryFile.Resident(file), Is.Zero, "the liar has an empty file");
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.FalseReleases, books.Revocations, books.Reclaims, books.OrphanedBytes), Is.EqualTo((0L, 0L, 1L, 0L)), "nobody can know");
        file.Dispose();
    }

    [Test]
    public void WithoutLeases_DeathIsBelieved_AndThePagesAreDroppedFirst()
    {
        using Shared shared = WithoutLeases();
        using RawImporter raw = Orphan(shared, out FileDescriptor file);
        raw.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(MemoryFile.Resident(file), Is.Zero);
        file.Dispose();
    }

    [Test]
    public void WithoutLeases_WhatItSaysWhileTheBufferLives_CountsToo()
    {
        using Shared shared = WithoutLeases();
        shared.Queue.Request(1, Length);
        using RawImporter raw = RawImporter.Join(shared);
        SharingMessage export = raw.Take(shared, 0, out FileDescriptor file);
        Assert.That(shared.Queue.Query(0).IsHeld, Is.True);
        raw.Say(MessageKind.LetGo, export);
        Shared.Eventually(() => !shared.Queue.Query(0).IsHeld, "believed");
        Assert.That(raw.Peer.HeldBuffers, Is.Zero);
        shared.Queue.GetSpan(0).Fill(7);
        Assert.That(MemoryFile.Resident(file), Is.EqualTo(Length), "a live buffer's pages are the owner's");
        Assert.That(shared.Queue.Release(ReleaseMode.Strict).Freed, Is.EqualTo(1));
        Assert.That(MemoryFile.Resident(file), Is.Zero, "and go with it");
        file.Dispose();
    }

    [Test]
    public void WithoutLeases_AnImmutableBuffer_CannotBeEmptied_AndIsReclaimedAllTheSame()
    {
        using Shared shared = WithoutLeases();
        shared.Queue.Request(1, Length, BufferProfile.Immutable);
        shared.Queue.Freeze(0);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        Assert.That(shared.Queue.Release().Orphaned, Is.EqualTo(1));
        import.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    /// <summary>Whoever cannot drop pages keeps the buffer in the books, and tries again.</summary>
    [Test]
    public void WithoutLeases_PagesThatCannotBeDropped_Count()
    {
        FaultPlan plan = FaultPlan.Random(1, times: 3).At(FaultPoint.FileLease, FaultPoint.HolePunch);
        plan.Enabled = false;
        using Shared shared = new(new BufferQueueOptions { Faults = plan });
        shared.Queue.Request(2, Length);
        using RawImporter raw = RawImporter.Join(shared);
        SharingMessage export = raw.Take(shared, 0, out FileDescriptor file);
        plan.Enabled = true;
        raw.Say(MessageKind.LetGo, export);
        Shared.Eventually(() => raw.Peer.HeldBuffers == 0, "believed");
        Assert.That(shared.Queue.Release(), Is.EqualTo(new ReleaseResult(1, 1, Length, 0)), "one of them is not back yet");
        Assert.That(plan.Injected, Is.EqualTo(3), "two leases and a punch");
        Assert.That(shared.Queue.GetStatistics().OrphanedBytes, Is.EqualTo(Length));
        file.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    /// <summary>A queue that was made where leases tell who holds a buffer, and that is refused each from then on.</summary>
    private static Shared WithoutLeases()
    {
        FaultPlan plan = FaultPlan.Random(1).At(FaultPoint.FileLease);
        plan.Enabled = false;
        Shared shared = new(new BufferQueueOptions { Faults = plan });
        plan.Enabled = true;
        return shared;
    }

    private static RawImporter Orphan(Shared shared, out FileDescriptor file)
    {
        shared.Queue.Request(1, Length);
        RawImporter raw = RawImporter.Join(shared);
        raw.Take(shared, 0, out file);
        Assert.That(shared.Queue.Release().Orphaned, Is.EqualTo(1));
        return raw;
    }
}
