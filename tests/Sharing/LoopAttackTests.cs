using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>
/// The attack of 2012: request, export, release, again and again, to an importer that never lets go. In the kernel it pins memory without bound.
/// </summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class LoopAttackTests
{
    private const int Rounds = 10_000;
    private const long Length = 4 * Shared.Page;

    [Test]
    public void OrphansThatStay_StopAtTheirQuota()
    {
        using Shared shared = new(new BufferQueueOptions { ByteLimit = 20 * Length, MaxReleased = 1000 });
        Attack(shared, BufferError.QuotaExceeded, out int granted, out QuotaRefusal refusal, out long resident);
        Assert.That(granted, Is.EqualTo(20));
        Assert.That(refusal, Is.EqualTo(new QuotaRefusal(BufferQuota.OrphanedBytes, 20 * Length, 20 * Length, Length)));
        Assert.That(resident, Is.EqualTo(20 * Length));
    }

    [Test]
    public void OrphansThatAreRevoked_StopAtTheNumberOfTombstones()
    {
        using Shared shared = new(new BufferQueueOptions
        {
            ByteLimit = 20 * Length,
            MaxBuffers = 1,
            MaxReleased = 100,
            ImporterBytes = 1 << 30,
            OrphanPolicy = OrphanPolicy.RevokeOldest,
        });
        Attack(shared, BufferError.NoBuffers, out int granted, out QuotaRefusal refusal, out long resident);
        Assert.That(granted, Is.EqualTo(101));
        Assert.That(refusal, Is.EqualTo(new QuotaRefusal(BufferQuota.ReleasedBuffers, 101, 101, 1)));
        Assert.That(resident, Is.EqualTo(20 * Length), "the youngest, which are not revoked");
        Assert.That(shared.Queue.GetStatistics().Revocations, Is.EqualTo(81));
    }

    /// <summary>The same with an importer that closes each descriptor some time later: nothing is refused, and nothing grows.</summary>
    [Test]
    public void AgainstAnImporterThatLetsGoLate_ItGoesOnForEver()
    {
        using Shared shared = new(new BufferQueueOptions { ByteLimit = 20 * Length });
        using RawImporter raw = RawImporter.Join(shared);
        Queue<FileDescriptor> kept = new();
        OpenFiles before = OpenFiles.Count();
        for (int round = 0; round < Rounds; round++)
        {
            shared.Queue.Request(1, Length);
            raw.Take(shared, 0, out FileDescriptor file);
            kept.Enqueue(file);
            Assert.That(shared.Queue.Release().Orphaned, Is.EqualTo(1));
            if (kept.Count == 19)
            {
                kept.Dequeue().Dispose();
            }
        }

        Assert.That(shared.Queue.GetStatistics().PeakBytes, Is.LessThanOrEqualTo(20 * Length));
        while (kept.TryDequeue(out FileDescriptor? file))
        {
            file.Dispose();
        }

        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(shared.Queue.GetStatistics().Reclaims, Is.EqualTo(Rounds));
        before.AssertNothingMore();
    }

    private static void Attack(Shared shared, BufferError expected, out int granted, out QuotaRefusal refusal, out long resident)
    {
        using RawImporter raw = RawImporter.Join(shared);
        OpenFiles atTheStart = OpenFiles.Count(), atTheQuota = default;
        List<FileDescriptor> kept = [];
        granted = 0;
        refusal = default;
        for (int round = 0; round < Rounds; round++)
        {
            try
            {
                shared.Queue.Request(1, Length);
            }
            catch (BufferException e) when (e.Error == expected)
            {
                atTheQuota = refusal == default ? OpenFiles.Count() : atTheQuota;
                refusal = e.Quota!.Value;
                continue;
            }

            Assert.That(refusal, Is.EqualTo(default(QuotaRefusal)), "nothing is granted behind the quota");
            granted++;
            raw.Take(shared, 0, out FileDescriptor file);
            kept.Add(file);
            Assert.That(shared.Queue.Release().Orphaned, Is.EqualTo(1), "a release never fails");
        }

        Assert.That(shared.Queue.GetStatistics().QuotaRefusals, Is.EqualTo(Rounds - granted));
        atTheQuota.AssertNothingMore("refusals cost nothing");
        resident = kept.Sum(MemoryFile.Resident);
        kept.ForEach(file => file.Dispose());
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        atTheStart.AssertNothingMore();
        Assert.That(shared.Queue.Request(1, Length), Is.EqualTo(1));
    }
}
