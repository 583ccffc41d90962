using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>What a queue bounds: each refusal names the quota, what is used of it, and the limit.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class QuotaTests
{
    private const long Page = Shared.Page;

    [Test]
    public void LiveBytes([Values] bool byRequest)
    {
        using Shared shared = new(new BufferQueueOptions { ByteLimit = 5 * Page });
        shared.Queue.Create(2, 2 * Page);
        BufferException refused = byRequest
            ? Shared.Refused(BufferError.QuotaExceeded, () => shared.Queue.Request(3, 2 * Page))
            : shared.RefusedWithoutTrace(BufferError.QuotaExceeded, () => shared.Queue.Create(2, Page), quotaRefusals: 1);
        Assert.That(
            refused.Quota,
            Is.EqualTo(byRequest ? new QuotaRefusal(BufferQuota.LiveBytes, 0, 5 * Page, 6 * Page) : new QuotaRefusal(BufferQuota.LiveBytes, 4 * Page, 5 * Page, 2 * Page)));
        Assert.That(refused.Message, Does.Contain("ByteLimit").And.Contain($"{5 * Page}"));
        Assert.That(shared.Queue.Create(1, Page).Count, Is.EqualTo(1), "what fits is granted");
    }

    [TestCase(int.MaxValue, long.MaxValue / 2)]
    [TestCase(2, long.MaxValue - 10_000)]
    public void ASumThatIsNoNumber_IsRefusedLikeAnyOther(int count, long length)
    {
        using Shared shared = new();
        BufferException refused = shared.RefusedWithoutTrace(BufferError.QuotaExceeded, () => shared.Queue.Create(count, length), quotaRefusals: 1);
        Assert.That(refused.Quota, Is.EqualTo(new QuotaRefusal(BufferQuota.LiveBytes, 0, 1L << 30, long.MaxValue)));
    }

    [Test]
    public void BytesWithOrphans()
    {
        using Shared shared = new(new BufferQueueOptions { ByteLimit = 4 * Page, OrphanByteLimit = 6 * Page });
        using RawImporter raw = RawImporter.Join(shared);
        FileDescriptor file = Orphan(shared, raw, 4);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.QuotaExceeded, () => shared.Queue.Create(1, 3 * Page), quotaRefusals: 1);
        Assert.That(refused.Quota, Is.EqualTo(new QuotaRefusal(BufferQuota.OrphanedBytes, 4 * Page, 6 * Page, 3 * Page)));
        Assert.That(refused.Message, Does.Contain("OrphanByteLimit"));
        Assert.That(shared.Queue.Create(1, 2 * Page).Count, Is.EqualTo(1));
        refused = shared.RefusedWithoutTrace(BufferError.QuotaExceeded, () => shared.Queue.Create(1, Page), quotaRefusals: 1);
        Assert.That(refused.Quota, Is.EqualTo(new QuotaRefusal(BufferQuota.OrphanedBytes, 6 * Page, 6 * Page, Page)), "live and orphaned ones together");
        file.Dispose();
        Assert.That(shared.Queue.Create(1, 2 * Page).Count, Is.EqualTo(1), "what nobody holds is found at once");
        Assert.That(shared.Queue.GetStatistics().Revocations, Is.Zero);
    }

    [Test]
    public void UnderPressure_TheOldestOrphansAreRevoked_AndNoMoreThanNeeded()
    {
        using Shared shared = new(new BufferQueueOptions { ByteLimit = 4 * Page, OrphanPolicy = OrphanPolicy.RevokeOldest });
        using RawImporter raw = RawImporter.Join(shared);
        FileDescriptor[] files = [Orphan(shared, raw, 1), Orphan(shared, raw, 1), Orphan(shared, raw, 2)];
        Assert.That(files.Select(Resident), Is.EqualTo(new[] { Page, Page, 2 * Page }));
        Assert.That(shared.Queue.Create(1, Page).Count, Is.EqualTo(1));
        Assert.That(files.Select(Resident), Is.EqualTo(new[] { 0, Page, 2 * Page }), "the first that was released");
        Assert.That(shared.Queue.Create(1, 2 * Page).Count, Is.EqualTo(1));
        Assert.That(files.Select(Resident), Is.EqualTo(new[] { 0, 0, 0L }), "and the next two, for one of them is not enough");
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.Revocations, books.RevokedBuffers, books.OrphanedBytes, books.LiveBytes, books.QuotaRefusals), Is.EqualTo((3L, 3, 0L, 3 * Page, 0L)));
        Array.ForEach(files, file => file.Dispose());
    }

    /// <summary>Also while another thread has found it to be free, and is about to give it back.</summary>
    [Test]
    public void UnderPressure_WhatIsFreeGoesFirst()
    {
        for (int round = 0; round < 50; round++)
        {
            using Shared shared = new(new BufferQueueOptions { ByteLimit = 4 * Page, OrphanPolicy = OrphanPolicy.RevokeOldest });
            using RawImporter raw = RawImporter.Join(shared);
            FileDescriptor first = Orphan(shared, raw, 2), second = Orphan(shared, raw, 2);
            second.Dispose();
            Thread.SpinWait(round * 100);
            Assert.That(shared.Queue.Create(1, 2 * Page).Count, Is.EqualTo(1));
            Assert.That((shared.Queue.GetStatistics().Revocations, Resident(first)), Is.EqualTo((0L, 2 * Page)), $"round {round}");
            first.Dispose();
        }
    }

    [Test]
    public void MoreThanTheLimit_IsNotWorthARevocation()
    {
        using Shared shared = new(new BufferQueueOptions { ByteLimit = 4 * Page, OrphanPolicy = OrphanPolicy.RevokeOldest });
        using RawImporter raw = RawImporter.Join(shared);
        using FileDescriptor file = Orphan(shared, raw, 4);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.QuotaExceeded, () => shared.Queue.Create(1, 5 * Page), quotaRefusals: 1);
        Assert.That(refused.Quota!.Value.Quota, Is.EqualTo(BufferQuota.LiveBytes));
        Assert.That(Resident(file), Is.EqualTo(4 * Page));
    }

    [Test]
    public void ReleasedBuffers([Values] OrphanPolicy policy)
    {
        using Shared shared = new(new BufferQueueOptions { MaxBuffers = 2, MaxReleased = 3, OrphanPolicy = policy });
        using RawImporter raw = RawImporter.Join(shared);
        FileDescriptor[] files = [.. Enumerable.Range(0, 4).Select(_ => Orphan(shared, raw, 1))];
        BufferException refused = shared.RefusedWithoutTrace(BufferError.NoBuffers, () => shared.Queue.Create(2, Page), quotaRefusals: 1);
        Assert.That(refused.Quota, Is.EqualTo(new QuotaRefusal(BufferQuota.ReleasedBuffers, 4, 5, 2)));
        Assert.That(refused.Message, Does.Contain("MaxReleased"));
        Assert.That(files.Select(Resident), Is.All.EqualTo(Page), "a revocation would not help: tombstones count");
        shared.Queue.RevokeOrphans();
        Shared.Refused(BufferError.NoBuffers, () => shared.Queue.Create(2, Page));
        Assert.That(shared.Queue.Create(1, Page).Count, Is.EqualTo(1));
        files[0].Dispose();
        Assert.That(shared.Queue.Create(1, Page).Count, Is.EqualTo(1));
        Array.ForEach(files, file => file.Dispose());
    }

    [Test]
    public void BuffersOfAnImporter()
    {
        using Shared shared = new(new BufferQueueOptions { ImporterBuffers = 2 });
        shared.Queue.Request(4, Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        (BufferPeer other, _) = shared.Connect();
        BufferImport first = shared.Export(0, peer, importer);
        shared.Export(1, peer, importer);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.QuotaExceeded, () => shared.Queue.Export(2, peer), quotaRefusals: 1);
        Assert.That(refused.Quota, Is.EqualTo(new QuotaRefusal(BufferQuota.ImporterBuffers, 2, 2, 1)));
        Assert.That(refused.Message, Does.Contain("ImporterBuffers"));
        shared.Queue.Export(2, other);
        first.Dispose();
        Shared.Eventually(() => peer.HeldBuffers == 1, "it says that it has let go");
        shared.Export(2, peer, importer);
    }

    [Test]
    public void BytesOfAnImporter_ReleasedBuffersIncluded()
    {
        using Shared shared = new(new BufferQueueOptions { ImporterBytes = 3 * Page });
        shared.Queue.Request(2, 2 * Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        BufferImport import = shared.Export(0, peer, importer);
        shared.Queue.Request(2, 2 * Page);
        Assert.That((peer.HeldBuffers, peer.HeldBytes), Is.EqualTo((1, 2 * Page)));
        BufferException refused = shared.RefusedWithoutTrace(BufferError.QuotaExceeded, () => shared.Queue.Export(0, peer), quotaRefusals: 1);
        Assert.That(refused.Quota, Is.EqualTo(new QuotaRefusal(BufferQuota.ImporterBytes, 2 * Page, 3 * Page, 2 * Page)));
        import.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That((peer.HeldBuffers, peer.HeldBytes), Is.EqualTo((0, 0L)), "reclaimed is let go, whatever it says");
        shared.Export(0, peer, importer);
    }

    [Test]
    public void ExportsThatAnImporterHasNotRead()
    {
        using Shared shared = new(new BufferQueueOptions { ImporterUnread = 2 });
        shared.Queue.Request(4, Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Export(0, peer);
        shared.Queue.Export(1, peer);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.QuotaExceeded, () => shared.Queue.Export(2, peer), quotaRefusals: 1);
        Assert.That(refused.Quota, Is.EqualTo(new QuotaRefusal(BufferQuota.ImporterUnread, 2, 2, 1)));
        for (int index = 2; index < 4; index++)
        {
            Assert.That(importer.TryImport(out _, Shared.Soon), Is.True);
            Shared.Eventually(() => peer.Unread == 1, "it says that it has read one");
            shared.Queue.Export(index, peer);
        }
    }

    [TestCase(0)]
    [TestCase(1)]
    public void NoneAtAll_CanBeAllowedToAnImporter(int allowed)
    {
        using Shared shared = new(new BufferQueueOptions { ImporterBuffers = allowed, ImporterBytes = 0 });
        shared.Queue.Request(1, Page);
        (BufferPeer peer, _) = shared.Connect();
        BufferException refused = Shared.Refused(BufferError.QuotaExceeded, () => shared.Queue.Export(0, peer));
        Assert.That(refused.Quota!.Value.Quota, Is.EqualTo(allowed == 0 ? BufferQuota.ImporterBuffers : BufferQuota.ImporterBytes));
    }

    [Test]
    public void Descriptors()
    {
        long limit = MemoryFiles.DescriptorLimit();
        Assume.That(limit, Is.LessThan(int.MaxValue));
        using FileDescriptor next = Doorbell.Create()!;

        // A few more than are open now: it cannot be exact, for the runtime opens files as it likes.
        using Shared shared = new(new BufferQueueOptions { DescriptorHeadroom = (int)(limit - next.Number - 60), MaxBuffers = 1000, ByteLimit = 1L << 30 });
        int made = 0;
        BufferException refused = Shared.Refused(BufferError.TooManyFiles, () =>
        {
            for (; made < 100; made++)
            {
                shared.Queue.Create(1, Page);
            }
        });
        Assert.That(made, Is.InRange(1, 30), "two descriptors each, and others are open between them");
        Assert.That(refused.Quota!.Value.Quota, Is.EqualTo(BufferQuota.Descriptors));
        Assert.That(refused.Quota.Value.Limit, Is.EqualTo(next.Number + 60));
        Assert.That(refused.Quota.Value.Used, Is.InRange(refused.Quota.Value.Limit - 1, refused.Quota.Value.Limit + 20));
        Assert.That(refused.Message, Does.Contain("DescriptorHeadroom"));
        Assert.That(shared.Queue.GetStatistics().QuotaRefusals, Is.EqualTo(1));
        shared.Queue.Remove(0, 2);
        Assert.That(shared.Queue.Create(1, Page).Count, Is.EqualTo(1), "there is room again");
    }

    [Test]
    public void ThePeak_IsOfLiveAndOrphanedBytes()
    {
        using Shared shared = new();
        using RawImporter raw = RawImporter.Join(shared);
        using FileDescriptor file = Orphan(shared, raw, 3);
        shared.Queue.Create(2, 2 * Page);
        shared.Queue.Release();
        shared.Queue.RevokeOrphans();
        shared.Queue.Create(1, Page);
        Assert.That(shared.Queue.GetStatistics().PeakBytes, Is.EqualTo(7 * Page));
    }

    private static long Resident(FileDescriptor file) => MemoryFile.Resident(file);

    /// <summary>Makes a buffer, has the importer take it, and releases it.</summary>
    private static FileDescriptor Orphan(Shared shared, RawImporter raw, int pages)
    {
        int index = shared.Queue.Create(1, pages * Page).First;
        raw.Take(shared, index, out FileDescriptor file);
        Assert.That(shared.Queue.Remove(index, 1).Orphaned, Is.EqualTo(1));
        return file;
    }
}
