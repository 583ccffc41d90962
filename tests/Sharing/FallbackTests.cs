using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>What a queue does where the system has no leases, tells of no closes, or has no <c>/proc</c>.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class FallbackTests
{
    private const long Length = 4 * Shared.Page;

    // The steps of a start, in their order: the oracle and another description are opened, the lease is asked; the control page is opened for
    // importers; then the
    // process's watcher is made, and a description opened and closed under it.
    private static IEnumerable<TestCaseData> Probes()
    {
        yield return Row(FaultPoint.FileLease, 1, BufferTracking.Cooperative, canReopen: true);
        yield return Row(FaultPoint.FileWatch, 1, BufferTracking.Polled, canReopen: true);
        yield return Row(FaultPoint.FileOpen, 1, BufferTracking.Cooperative, canReopen: false);
        yield return Row(FaultPoint.FileOpen, 2, BufferTracking.Cooperative, canReopen: false);
        yield return Row(FaultPoint.FileOpen, 4, BufferTracking.Polled, canReopen: true);

        static TestCaseData Row(FaultPoint point, int nth, BufferTracking tracking, bool canReopen)
            => new TestCaseData(point, nth, tracking, canReopen).SetArgDisplayNames($"{point} {nth}");
    }

    [TestCaseSource(nameof(Probes))]
    public void AProbeThatFails_DegradesTheTracking_AndNothingElse(FaultPoint point, int nth, BufferTracking tracking, bool canReopen)
    {
        FaultPlan plan = FaultPlan.FailNth(nth).At(point);
        OpenFiles before = OpenFiles.Count();
        using (Shared shared = new(new BufferQueueOptions { Faults = plan, WritableExports = true }))
        {
            Assert.That((plan.Injected, shared.Queue.Tracking, shared.Queue.GetStatistics().Tracking), Is.EqualTo((1L, tracking, tracking)));
            shared.Queue.Request(2, Length);
            (BufferPeer peer, BufferImporter importer) = shared.Connect();
            BufferAccess access = canReopen ? BufferAccess.ReadOnly : BufferAccess.ReadWrite;
            BufferImport import = shared.Export(0, peer, importer, access);
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

    [Test]
    public void Polled_ACloseIsFoundWithoutBeingTold()
    {
        using Shared shared = Make(FaultPoint.FileWatch, 1);
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
    public void Cooperative_AnImporterIsBelieved_AndThePagesAreDroppedFirst()
    {
        using Shared shared = Make(FaultPoint.FileLease, 1);
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
    public void Cooperative_DeathIsBelieved_AndThePagesAreDroppedFirst()
    {
        using Shared shared = Make(FaultPoint.FileLease, 1);
        using RawImporter raw = Orphan(shared, out FileDescriptor file);
        raw.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(MemoryFile.Resident(file), Is.Zero);
        file.Dispose();
    }

    [Test]
    public void Cooperative_WhatItSaysWhileTheBufferLives_CountsToo()
    {
        using Shared shared = Make(FaultPoint.FileLease, 1);
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
    public void Cooperative_AnImmutableBuffer_CannotBeEmptied_AndIsReclaimedAllTheSame()
    {
        using Shared shared = Make(FaultPoint.FileLease, 1);
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
    public void Cooperative_PagesThatCannotBeDropped_Count()
    {
        FaultPlan probe = FaultPlan.Random(1, times: 2).At(FaultPoint.FileLease, FaultPoint.HolePunch);
        using Shared shared = new(new BufferQueueOptions { Faults = probe });
        Assert.That((shared.Queue.Tracking, probe.Injected), Is.EqualTo((BufferTracking.Cooperative, 1L)));
        shared.Queue.Request(2, Length);
        using RawImporter raw = RawImporter.Join(shared);
        SharingMessage export = raw.Take(shared, 0, out FileDescriptor file);
        raw.Say(MessageKind.LetGo, export);
        Shared.Eventually(() => raw.Peer.HeldBuffers == 0, "believed");
        Assert.That(shared.Queue.Release(), Is.EqualTo(new ReleaseResult(1, 1, Length, 0)), "one of them is not back yet");
        Assert.That(probe.Injected, Is.EqualTo(2));
        Assert.That(shared.Queue.GetStatistics().OrphanedBytes, Is.EqualTo(Length));
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(MemoryFile.Resident(file), Is.Zero);
        file.Dispose();
    }

    [TestCase(1)]
    [TestCase(2)]
    public void WithoutProc_ThereIsNoReadOnlyExport_AndTheRestWorks(int nth)
    {
        using Shared shared = Make(FaultPoint.FileOpen, nth, writable: true);
        shared.Queue.Create(1, Length);
        shared.Queue.Create(1, Length, BufferProfile.Immutable);
        shared.Queue.Create(1, Length, BufferProfile.Revocable);
        (BufferPeer peer, BufferImporter importer) = shared.Connect(new BufferImporterOptions { AcceptRevocable = true });
        BufferException refused = shared.RefusedWithoutTrace(BufferError.NotSupported, () => shared.Queue.Export(0, peer));
        Assert.That(refused.Message, Does.Contain("/proc"));
        shared.RefusedWithoutTrace(BufferError.NotSupported, () => shared.Queue.Export(2, peer));
        shared.Queue.GetSpan(1).Fill(8);
        shared.Queue.Freeze(1);
        BufferImport immutable = shared.Export(1, peer, importer);
        BufferImport stable = shared.Export(0, peer, importer, BufferAccess.ReadWrite);
        Assert.That(immutable.GetSpan().IndexOfAnyExcept((byte)8), Is.EqualTo(-1));
        stable.GetWritableSpan().Fill(9);
        Assert.That(shared.Queue.GetSpan(0).IndexOfAnyExcept((byte)9), Is.EqualTo(-1));
        Assert.That(shared.Queue.Release(), Is.EqualTo(new ReleaseResult(1, 2, 2 * Length, 0)));
        stable.Dispose();
        immutable.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(shared.Queue.GetStatistics().UntrackedExports, Is.Zero, "nobody expected to see them");
    }

    private static Shared Make(FaultPoint point, int nth, bool writable = false)
        => new(new BufferQueueOptions { Faults = FaultPlan.FailNth(nth).At(point), WritableExports = writable, TrustImporters = true });

    private static RawImporter Orphan(Shared shared, out FileDescriptor file)
    {
        shared.Queue.Request(1, Length);
        RawImporter raw = RawImporter.Join(shared);
        raw.Take(shared, 0, out file);
        Assert.That(shared.Queue.Release().Orphaned, Is.EqualTo(1));
        return raw;
    }
}
