using System.Runtime.Versioning;
using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>Everything at once, for a second; then everything is back.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class SharingSoakTests
{
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(0.8);

    [Test]
    public void OwnersAndImporters_AtRandom_LeaveTheBooksEven([Values] BufferTracking tracking)
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        OpenFiles before = OpenFiles.Count();
        using (Shared shared = new(Options(tracking, seed)))
        {
            Assert.That(shared.Queue.Tracking, Is.EqualTo(tracking));
            SharingSoak soak = new(shared, seed, s_time);
            Crew.Run(6, lane =>
            {
                switch (lane)
                {
                    case 0:
                        soak.Stream();
                        break;
                    case 1:
                        soak.Manage();
                        break;
                    case 2:
                        soak.Accept();
                        break;
                    default:
                        soak.Import(lane);
                        break;
                }
            });

            TestContext.Out.WriteLine($"{soak.Frames} frames, {soak.CheckedFrames} checked");
            Assert.That((soak.Frames > 0, soak.CheckedFrames > 0), Is.EqualTo((true, true)), "the premise");
            End(shared, $"seed {seed}");
        }

        before.AssertNothingMore($"seed {seed}");
    }

    /// <summary>Two handles that both want to own, a thread that waits, one that aborts: whatever is refused, it is for a reason that there is.</summary>
    [Test]
    public void SeveralHandles_AtRandom_AreRefusedOrGranted()
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        OpenFiles before = OpenFiles.Count();
        using (Shared shared = new(new BufferQueueOptions { MaxBuffers = 6, ImplicitStop = seed % 2 == 0 }))
        {
            (BufferPeer peer, BufferImporter importer) = shared.Connect();
            BufferQueue[] handles = [shared.Queue, shared.Queue.OpenAnother(), shared.Queue.OpenAnother()];
            DateTime end = DateTime.UtcNow + s_time;
            long granted = 0, refused = 0;
            Crew.Run(4, lane =>
            {
                Random random = new(seed + lane);
                while (DateTime.UtcNow < end)
                {
                    try
                    {
                        if (lane == 3)
                        {
                            Receive(importer, random);
                        }
                        else
                        {
                            Own(handles[lane], peer, random);
                        }

                        Interlocked.Increment(ref granted);
                    }
                    catch (BufferException e) when (e.Error is BufferError.Busy or BufferError.Invalid or BufferError.NoBuffers or BufferError.QueueFailed
                        or BufferError.QuotaExceeded or BufferError.Ended or BufferError.Revoked)
                    {
                        Interlocked.Increment(ref refused);
                    }
                }
            });
            Assert.That((granted > 0, refused > 0), Is.EqualTo((true, true)), "the premise");
            handles[1].Dispose();
            handles[2].Dispose();
            importer.Dispose();
            End(shared, $"seed {seed}");
        }

        before.AssertNothingMore($"seed {seed}");
    }

    private static void Own(BufferQueue queue, BufferPeer peer, Random random)
    {
        int index = random.Next(6);
        switch (random.Next(14))
        {
            case 0:
                queue.Request(random.Next(4), 5000);
                break;
            case 1:
                queue.Create(random.Next(3), 5000);
                break;
            case 2:
                queue.Remove(index, random.Next(3));
                break;
            case 3:
                queue.Release((ReleaseMode)random.Next(3));
                break;
            case 4:
                queue.RevokeOrphans();
                break;
            case 5 or 6:
                queue.Export(index, peer);
                break;
            case 7:
                queue.StreamOn();
                break;
            case 8 when random.Next(4) == 0:
                queue.StreamOff();
                break;
            case 9 when random.Next(20) == 0:
                queue.Abort();
                break;
            case 10:
                queue.Query(index);
                break;
            case 11:
                queue.TryDequeue(out _, TimeSpan.FromMilliseconds(random.Next(2)));
                break;
            default:
                queue.Queue(index, isLast: random.Next(50) == 0);
                break;
        }
    }

    private static void Receive(BufferImporter importer, Random random)
    {
        if (importer.TryReceive(out BufferFrame frame, TimeSpan.FromMilliseconds(1)))
        {
            importer.Acknowledge(frame);
        }

        if (random.Next(10) == 0 && importer.Imports is { Count: > 0 } imports)
        {
            imports[random.Next(imports.Count)].Dispose();
        }
    }

    private static BufferQueueOptions Options(BufferTracking tracking, int seed) => new()
    {
        MaxBuffers = 8,
        ByteLimit = 64 << 10,
        OrphanByteLimit = 96 << 10,
        OrphanPolicy = seed % 2 == 0 ? OrphanPolicy.Keep : OrphanPolicy.RevokeOldest,
        OrphanTimeout = seed % 3 == 0 ? TimeSpan.FromMilliseconds(5) : Timeout.InfiniteTimeSpan,
        Faults = tracking switch
        {
            BufferTracking.Polled => FaultPlan.FailNth(1).At(FaultPoint.FileWatch),
            _ => null,
        },
    };

    private static void End(Shared shared, string context)
    {
        shared.Queue.StreamOff();
        shared.Queue.Release();
        Shared.Eventually(() => shared.Queue.GetStatistics().Importers == 0, context);
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True, context);
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That(
            (books.LiveBuffers, books.LiveBytes, books.OrphanedBuffers, books.OrphanedBytes, books.RevokedBuffers), Is.EqualTo((0, 0L, 0, 0L, 0)), context);
        Assert.That((books.Reclaims, books.Misuses, books.UntrackedExports, books.FalseReleases), Is.EqualTo((books.Orphans, 0L, 0L, 0L)), context);
        Assert.That(books.Acknowledgements, Is.LessThanOrEqualTo(books.HandOvers), context);
    }
}
