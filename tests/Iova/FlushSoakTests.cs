using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Iova.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>A thread at work and others that empty its cache.</summary>
[TestFixture]
[NonParallelizable]
public sealed class FlushSoakTests
{
    private static readonly TimeSpan s_time = TimeSpan.FromSeconds(1.5);

    /// <remarks>
    /// The one test of the fence between a visitor's park and its look at the tops: the explorer runs one thread at a time and has no store buffers
    /// between these two. Short rests give visits the time to succeed, and the step before a rest is the one that the
    /// visitor must see: without the fence it lies in the owner's store buffer, and dozens of ranges a second are handed out twice.
    /// </remarks>
    [Test]
    public void AStepAndAVisitAtTheSameTime_NeverBothTakeARange()
    {
        const int MostHeld = 16;
        var cold = new byte[64 << 20];
        int seed = Environment.TickCount;
        using IovaDomain domain = Domains.Quiet(bits: 10);
        OwnerMap owners = new(1 << 10);
        long visits = 0;
        bool ended = false;
        Crew.Run(2, me =>
        {
            if (me == 1)
            {
                while (!Volatile.Read(ref ended))
                {
                    domain.Flush();
                    visits++;
                }

                return;
            }

            var random = new Random(seed);
            List<ulong> held = [];
            long end = Environment.TickCount64 + (long)s_time.TotalMilliseconds;
            try
            {
                while (Environment.TickCount64 < end)
                {
                    for (int i = 0; i < 64; i++)
                    {
                        // A store that misses every cache: the step's own store waits behind it, in the owner's store buffer.
                        cold[random.Next(cold.Length)] = 1;
                        if (held.Count < MostHeld && (held.Count == 0 || random.Next(2) == 0))
                        {
                            ulong pfn = domain.AllocateFast(1, domain.LastPfn);
                            owners.Take(new IovaRange(pfn, pfn), 1);
                            held.Add(pfn);
                        }
                        else
                        {
                            ulong pfn = held[^1];
                            held.RemoveAt(held.Count - 1);
                            owners.Drop(new IovaRange(pfn, pfn), 1);
                            cold[random.Next(cold.Length)] = 1;
                            domain.FreeFast(pfn, 1);
                        }

                        Thread.SpinWait(random.Next(100));
                    }
                }
            }
            finally
            {
                Volatile.Write(ref ended, true);
            }

            held.ForEach(pfn => domain.FreeFast(pfn, 1));
        });
        IovaStatistics s = domain.GetStatistics();
        TestContext.Out.WriteLine($"seed {seed}, {visits} flushes, {s.FlushedThreads} caches emptied");
        Assert.That(s.FlushedThreads, Is.GreaterThan(0), "the premise: visits succeed");
        Assert.That(s.Misuses, Is.Zero);
        Domains.BalanceEmpty(domain);
    }
}
