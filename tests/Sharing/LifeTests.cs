using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>From live to reclaimed: each way that a released buffer can go, and what moves it on.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed unsafe class LifeTests
{
    private const long Length = 4 * Shared.Page;

    private static IEnumerable<TestCaseData> Ends()
    {
        yield return End("closes its descriptor", (raw, file) => file.Dispose());
        yield return End("closes it and says so", (raw, file) =>
        {
            file.Dispose();
            raw.Say(MessageKind.LetGo, new SharingMessage { Slot = 0, Generation = 1 });
        });
        yield return End("says so and closes it", (raw, file) =>
        {
            raw.Say(MessageKind.LetGo, new SharingMessage { Slot = 0, Generation = 1 });
            Thread.Sleep(20);
            file.Dispose();
        });
        yield return End("leaves, and closes it", (raw, file) =>
        {
            raw.Dispose();
            Shared.Eventually(() => !raw.Peer.IsConnected, "gone");
            file.Dispose();
        });
        yield return End("closes it, and leaves", (raw, file) =>
        {
            file.Dispose();
            raw.Dispose();
        });
        yield return End("unmaps it last", (_, file) => UnmapLast(file));

        static TestCaseData End(string name, Action<RawImporter, FileDescriptor> end) => new TestCaseData(end).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Ends))]
    public void AnOrphan_IsReclaimedWhenItsHolder(Delegate end)
    {
        using Shared shared = new();
        using RawImporter raw = Orphan(shared, out FileDescriptor file);
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(20)), Is.False);
        ((Action<RawImporter, FileDescriptor>)end)(raw, file);
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.OrphanedBuffers, books.OrphanedBytes, books.Reclaims, books.Orphans), Is.EqualTo((0, 0L, 1L, 1L)));
        Assert.That(books.LongestReclaim, Is.GreaterThan(TimeSpan.FromMilliseconds(5)));
    }

    [TestCaseSource(nameof(Ends))]
    public void ARevokedBuffer_IsReclaimedWhenItsHolder(Delegate end)
    {
        using Shared shared = new();
        using RawImporter raw = Orphan(shared, out FileDescriptor file);
        Assert.That(shared.Queue.RevokeOrphans(), Is.EqualTo(1));
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(20)), Is.False, "a tombstone stays");
        ((Action<RawImporter, FileDescriptor>)end)(raw, file);
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.RevokedBuffers, books.Reclaims, books.Revocations), Is.EqualTo((0, 1L, 1L)));
    }

    /// <summary>Death starts a reclaim, and does not decide it.</summary>
    [Test]
    public void AnOrphanOfOneThatIsGone_IsHeldByWhomItWasPassedOnTo()
    {
        using Shared shared = new();
        using RawImporter raw = Orphan(shared, out FileDescriptor file);
        Assert.That(MessageSocket.TryCreatePair(out FileDescriptor? here, out FileDescriptor? there), Is.True);
        using (here)
        using (there)
        {
            MessageSocket.TrySend(here!, [1], file);
            file.Dispose();
            raw.Dispose();
            Shared.Eventually(() => !raw.Peer.IsConnected, "gone");
            Assert.That((raw.Peer.HeldBuffers, raw.Peer.HeldBytes), Is.EqualTo((0, 0L)), "its claims are void at once");
            Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(100)), Is.False, "a message that nobody has read holds it");
            MessageSocket.Receive(there!, new byte[1], out FileDescriptor? passedOn);
            Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(100)), Is.False);
            Assert.That(shared.Queue.RevokeOrphans(), Is.EqualTo(1), "but it can be revoked");
            Assert.That(MemoryFile.Resident(passedOn!), Is.Zero);
            passedOn!.Dispose();
            Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        }
    }

    [Test]
    public void AnExportThatNobodyHasRead_HoldsIt_UntilTheSocketIsGone()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Length);
        using RawImporter raw = RawImporter.Join(shared);
        shared.Queue.Export(0, raw.Peer);
        Assert.That(shared.Queue.Query(0).IsHeld, Is.True);
        Assert.That(shared.Queue.Release().Orphaned, Is.EqualTo(1));
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(50)), Is.False);
        raw.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void OfSeveralHolders_TheLastOneCounts()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Length);
        BufferImport[] imports = [.. Enumerable.Range(0, 3).Select(_ =>
        {
            (BufferPeer peer, BufferImporter importer) = shared.Connect();
            return shared.Export(0, peer, importer);
        })];
        Assert.That(shared.Queue.Release(), Is.EqualTo(new ReleaseResult(0, 1, Length, 0)));
        imports[0].Dispose();
        imports[2].Dispose();
        Assert.That(shared.Queue.WaitForReclaim(TimeSpan.FromMilliseconds(150)), Is.False);
        Assert.That(imports[1].GetSpan()[0], Is.Zero);
        imports[1].Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(shared.Queue.GetStatistics().FalseReleases, Is.Zero);
    }

    [Test]
    public void AnOrphansTime_EndsInARevocation()
    {
        using Shared shared = new(new BufferQueueOptions { OrphanTimeout = TimeSpan.FromMilliseconds(100) });
        using RawImporter raw = Orphan(shared, out FileDescriptor file);
        Assert.That(MemoryFile.Resident(file), Is.EqualTo(Length));
        Assert.That(raw.Hear(MessageKind.Revoked).Slot, Is.Zero);
        Shared.Eventually(() => shared.Queue.GetStatistics().RevokedBuffers == 1, "revoked");
        Assert.That(MemoryFile.Resident(file), Is.Zero);
        file.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void NoTimeAtAll_IsAtOnce()
    {
        using Shared shared = new(new BufferQueueOptions { OrphanTimeout = TimeSpan.Zero });
        using RawImporter raw = Orphan(shared, out FileDescriptor file);
        Shared.Eventually(() => shared.Queue.GetStatistics().RevokedBuffers == 1, "revoked");
        file.Dispose();
    }

    [Test]
    public void PagesThatAHolderBringsBack_AreDroppedAgain()
    {
        using Shared shared = new();
        using RawImporter raw = Orphan(shared, out FileDescriptor file);
        byte* mapping = FileMapping.Map(file, (nuint)Length, writable: false, 0);
        shared.Queue.RevokeOrphans();
        for (int round = 1; round <= 3; round++)
        {
            long sum = 0;
            for (int i = 0; i < Length; i += Shared.Page)
            {
                sum += mapping[i];
            }

            Assert.That(sum, Is.Zero);
            Shared.Eventually(() => shared.Queue.GetStatistics().Reinflations >= round && MemoryFile.Resident(file) == 0, "dropped again");
        }

        Assert.That(shared.Queue.GetStatistics().Revocations, Is.EqualTo(1), "it was revoked once");
        FileMapping.TryUnmap(mapping, (nuint)Length);
        file.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void AnIndexIsFreeAtOnce_WhileTheOrphanIsRead()
    {
        using Shared shared = new();
        using RawImporter raw = Orphan(shared, out FileDescriptor file, fill: 3);
        Assert.That(shared.Queue.Create(1, Length), Is.EqualTo(new BufferRange(0, 1)));
        shared.Queue.GetSpan(0).Fill(4);
        byte[] first = new byte[1];
        Assert.That(MemoryFiles.Read(file, 0, first), Is.EqualTo(1));
        Assert.That(first[0], Is.EqualTo(3));
        SharingMessage export = raw.Take(shared, 0, out FileDescriptor second);
        Assert.That((export.Slot, export.Index, export.Generation), Is.EqualTo((1, 0, 1u)), "the same index, and another place");
        file.Dispose();
        second.Dispose();
    }

    /// <summary>The kernel tells of a close, or is asked often. Without that the looks that come anyway would find it after a second.</summary>
    [Test]
    public void ACloseIsNoticed_AndNotFoundByChance([Values(BufferTracking.Exact, BufferTracking.Polled)] BufferTracking tracking)
    {
        List<double> times = [];
        for (int i = 0; i < 5 && !times.Any(time => time < 500); i++)
        {
            FaultPlan? plan = tracking == BufferTracking.Polled ? FaultPlan.FailNth(1).At(FaultPoint.FileWatch) : null;
            using Shared shared = new(new BufferQueueOptions { Faults = plan });
            Assume.That(shared.Queue.Tracking, Is.EqualTo(tracking));
            using RawImporter raw = Orphan(shared, out FileDescriptor file);
            Thread.Sleep(200);
            var watch = System.Diagnostics.Stopwatch.StartNew();
            file.Dispose();
            Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        Assert.That(times.Min(), Is.LessThan(500), string.Join(", ", times));
    }

    [Test]
    public void WhatIsReclaimed_LeavesNothing()
    {
        using Shared shared = new();
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        OpenFiles before = OpenFiles.Count();
        for (int round = 0; round < 20; round++)
        {
            shared.Queue.Request(3, Length);
            BufferImport first = shared.Export(0, peer, importer), second = shared.Export(2, peer, importer);
            shared.Queue.Release(round % 2 == 0 ? ReleaseMode.Orphan : ReleaseMode.Revoke);
            first.Dispose();
            second.Dispose();
            Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        }

        before.AssertNothingMore();
        Assert.That((peer.HeldBuffers, peer.HeldBytes), Is.EqualTo((0, 0L)));
    }

    /// <summary>A buffer that somebody else has, and that the owner has released.</summary>
    private static RawImporter Orphan(Shared shared, out FileDescriptor file, byte fill = 0)
    {
        shared.Queue.Request(1, Length);
        shared.Queue.GetSpan(0).Fill(fill);
        RawImporter raw = RawImporter.Join(shared);
        raw.Take(shared, 0, out file);
        Assert.That(shared.Queue.Release(), Is.EqualTo(new ReleaseResult(0, 1, Length, 0)));
        return raw;
    }

    private static void UnmapLast(FileDescriptor file)
    {
        byte* mapping = FileMapping.Map(file, (nuint)Length, writable: false, 0);
        file.Dispose();
        Thread.Sleep(20);
        FileMapping.TryUnmap(mapping, (nuint)Length);
    }
}
