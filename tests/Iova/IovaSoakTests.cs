using System.Collections.Concurrent;
using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Iova.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>Several threads at once: no two live ranges overlap, limits and alignments hold, nothing is lost, nothing refused in vain.</summary>
[TestFixture]
[NonParallelizable]
public sealed class IovaSoakTests
{
    private const int Threads = 4;

    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(0.8);

    /// <summary>What the threads do.</summary>
    public enum Traffic
    {
        /// <summary>The range tree alone.</summary>
        Plain,

        /// <summary>Through the caches as well.</summary>
        Fast,

        /// <summary>With the checks of double frees and sizes.</summary>
        FastChecked,

        /// <summary>In a space that is too small for what the threads want.</summary>
        FastCrowded,
    }

    [Test]
    public void LiveRanges_NeverOverlap_AndNothingIsLost([Values] Traffic traffic)
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        int bits = traffic == Traffic.FastCrowded ? 12 : 16;
        CheckLevel checks = traffic == Traffic.FastChecked ? CheckLevel.Basic : CheckLevel.None;
        using IovaDomain domain = Spaces.Quiet(bits, checks: checks, threshold: 1);
        OwnerMap owners = new(1 << bits);
        ConcurrentQueue<SoakRange> mail = new();
        long operations = 0;
        long refusals = 0;
        Crew.Run(Threads, index =>
        {
            SoakLane lane = new(domain, owners, mail, seed + index, traffic != Traffic.Plain);
            lane.Run(s_time, mostLive: 200);
            Interlocked.Add(ref operations, lane.Operations);
            Interlocked.Add(ref refusals, lane.Refusals);
        });
        SoakLane.Empty(domain, owners, mail);

        TestContext.Out.WriteLine($"{operations} operations, {refusals} refusals");
        Assert.That(refusals, traffic == Traffic.FastCrowded ? Is.GreaterThan(0) : Is.GreaterThanOrEqualTo(0), "the premise");
        Assert.That(domain.GetStatistics().Misuses, Is.Zero);
        domain.AssertNothingIsLost($"seed {seed}");
    }

    /// <summary>As many granules as the threads want in all, and not one more: a search that misses the last one is wrong.</summary>
    [Test]
    public void TheLastFreeGranule_IsAlwaysFound([Values(1, 2)] int size)
    {
        const int Each = 40;
        using IovaDomain domain = Spaces.Quiet(unitBits: 10, start: 1024 - (ulong)(Threads * Each * size));
        long refused = 0;
        Crew.Run(Threads, index =>
        {
            Random random = new(index);
            List<IovaRange> live = [];
            var watch = System.Diagnostics.Stopwatch.StartNew();
            while (watch.Elapsed < s_time)
            {
                while (live.Count < Each)
                {
                    if (!domain.TryAllocate((ulong)size, domain.LastPfn, true, out IovaRange range))
                    {
                        Interlocked.Increment(ref refused);
                        return;
                    }

                    live.Add(range);
                }

                for (int drop = random.Next(1, 6); drop > 0; drop--)
                {
                    int at = random.Next(live.Count);
                    Assert.That(domain.Free(live[at]), Is.True);
                    live.RemoveAt(at);
                }
            }
        });
        Assert.That(refused, Is.Zero, "requests were refused although there was room for every one");
    }

    /// <summary>Half the requests want the low part, which the others and the caches could eat up.</summary>
    [Test]
    public void WithMixedLimits_NoRequestIsRefusedWhileThereIsRoom()
    {
        const ulong Low = (1 << 15) - 1;
        const int Each = 100;
        using IovaDomain domain = Spaces.Quiet(unitBits: 18);
        long refused = 0;
        Crew.Run(Threads, index =>
        {
            Random random = new(index);
            Queue<(ulong Pfn, ulong Size)> live = new();
            var watch = System.Diagnostics.Stopwatch.StartNew();
            while (watch.Elapsed < s_time)
            {
                ulong size = 1UL << random.Next(3);
                ulong limit = random.Next(2) == 0 ? Low : domain.LastPfn;
                if (!domain.TryAllocateFast(size, limit, flushRcache: true, out ulong pfn))
                {
                    Interlocked.Increment(ref refused);
                    continue;
                }

                Assert.That(pfn + size - 1, Is.LessThanOrEqualTo(limit));
                live.Enqueue((pfn, size));
                while (live.Count > Each - random.Next(Each))
                {
                    (pfn, size) = live.Dequeue();
                    domain.FreeFast(pfn, size);
                }
            }

            while (live.TryDequeue(out (ulong Pfn, ulong Size) range))
            {
                domain.FreeFast(range.Pfn, range.Size);
            }
        });
        Assert.That(refused, Is.Zero);
        domain.AssertNothingIsLost();
    }

    /// <summary>
    /// Threads in the middle of their fast paths, and one that brings their magazines home all the time: what it takes is
    /// not handed out by the owner as well, and what the owner puts in meanwhile is not lost.
    /// </summary>
    [Test]
    public void AFlushOfRunningThreads_NeitherLosesNorDoublesARange([Values] bool checks)
    {
        using IovaDomain domain = Spaces.Quiet(unitBits: 16, checks: checks ? CheckLevel.Basic : CheckLevel.None);
        OwnerMap owners = new(1 << 16);
        int running = Threads - 1;
        long flushed = 0;
        Crew.Run(Threads, index =>
        {
            if (index == 0)
            {
                while (Volatile.Read(ref running) > 0)
                {
                    flushed += domain.Flush();
                }

                return;
            }

            Random random = new(index);
            Queue<IovaRange> live = new();
            var watch = System.Diagnostics.Stopwatch.StartNew();
            while (watch.Elapsed < s_time)
            {
                for (int i = random.Next(1, 200); i > 0; i--)
                {
                    ulong pfn = domain.AllocateFast(2, domain.LastPfn);
                    IovaRange range = new(pfn, pfn + 1);
                    owners.Take(range, index);
                    live.Enqueue(range);
                    if (random.Next(3) != 0)
                    {
                        Free(live.Dequeue());
                    }
                }

                while (live.Count > 0)
                {
                    Free(live.Dequeue());
                }
            }

            Interlocked.Decrement(ref running);

            void Free(IovaRange range)
            {
                owners.Drop(range, index);
                domain.FreeFast(range.First, 2);
            }
        });
        Assert.That(flushed, Is.GreaterThan(1000), "the premise");
        Assert.That(domain.GetStatistics().Misuses, Is.Zero);
        domain.AssertNothingIsLost();
    }

    /// <summary>Of several frees of one range exactly one is the free; the others are told so.</summary>
    [Test]
    public void OfSeveralFreesOfOneRange_ExactlyOneWins()
    {
        using IovaDomain domain = Spaces.Quiet(unitBits: 16);
        const int Rounds = 3000;
        var ranges = new IovaRange[Rounds];
        Random random = new(5);
        for (int i = 0; i < Rounds; i++)
        {
            ranges[i] = domain.Allocate((ulong)random.Next(1, 20), domain.LastPfn, false);
        }

        long freed = 0;
        Crew.Run(Threads, index =>
        {
            foreach (IovaRange range in ranges)
            {
                if (index % 2 == 0 ? domain.Free(range) : domain.Free(range.Last))
                {
                    Interlocked.Increment(ref freed);
                }
            }
        });
        Assert.That(freed, Is.EqualTo(Rounds));
        domain.AssertNothingIsLost();
    }

    /// <summary>The same through the caches, where checks are on: exactly one free goes through, the others throw; also in the middle of flushes.</summary>
    [Test]
    public void OfSeveralFastFreesOfOneRange_ExactlyOneIsAccepted([Values] bool flushing)
    {
        const int Rounds = 60;
        const int Each = 100;
        const int Again = 10;
        using IovaDomain domain = Spaces.Quiet(unitBits: 16, checks: CheckLevel.Basic);
        long accepted = 0;
        for (int round = 0; round < Rounds; round++)
        {
            ulong[] pfns = domain.AllocateMany(Each, 4, domain.LastPfn);
            int running = Threads - 1;
            Crew.Run(Threads, index =>
            {
                while (index == 0 && flushing && Volatile.Read(ref running) > 0)
                {
                    domain.Flush();
                }

                for (int i = 0; index > 0 && i < Again * Each; i++)
                {
                    try
                    {
                        domain.FreeFast(pfns[i % Each], 3);
                        Interlocked.Increment(ref accepted);
                    }
                    catch (IovaMisuseException)
                    {
                    }

                    if (flushing && i % 16 == 0)
                    {
                        domain.Flush();
                    }
                }

                Interlocked.Decrement(ref running);
            });
            Assert.That(accepted, Is.EqualTo((round + 1) * Each), $"round {round}");
        }

        Assert.That(domain.GetStatistics().Misuses, Is.EqualTo((((Threads - 1) * Again) - 1) * Rounds * Each));
        ulong[] again = domain.AllocateMany(1000, 4, domain.LastPfn);
        Assert.That(again.Distinct().Count(), Is.EqualTo(1000));
        domain.FreeMany(again, 4);
        domain.AssertNothingIsLost();
    }

    /// <summary>Threads that come and go leave nothing behind, also when what they free came from others.</summary>
    [Test]
    public void ThreadsThatComeAndGo_LoseNothing()
    {
        using IovaDomain domain = Spaces.Quiet(unitBits: 14);
        OwnerMap owners = new(1 << 14);
        ConcurrentQueue<SoakRange> mail = new();
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        for (int generation = 0; generation < 20; generation++)
        {
            int first = seed + (generation * Threads);
            Crew.Run(Threads, index =>
                new SoakLane(domain, owners, mail, first + index, fast: true).Run(TimeSpan.FromMilliseconds(25), mostLive: 100));
        }

        SoakLane.Empty(domain, owners, mail);
        Assert.That(domain.GetStatistics().Misuses, Is.Zero);
        domain.AssertNothingIsLost($"seed {seed}");
    }
}
