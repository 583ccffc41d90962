using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>
/// A scripted life of a heap in which fallible step 1, 2, 3, ... fails: only out-of-memory results are seen, contents stay
/// intact, no free ever fails, the books balance.
/// </summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
public sealed unsafe class RunTimeFaultTests
{
    private const int MostSteps = 3000;

    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void EveryStepOfALife_FailsInTurn(CheckLevel checks)
    {
        int injected = 0;

        // Every step; under full checks, which are slow, every step at first and every seventh later.
        for (long n = 1; ; n += checks == CheckLevel.Full && n > 60 ? 7 : 1)
        {
            Assert.That(n, Is.LessThan(MostSteps), "the sweep has no end");
            FaultPlan plan = FaultPlan.FailNth(n);
            Life(checks, plan, $"{checks}, step {n}");
            if (plan.Injected == 0)
            {
                break;
            }

            injected++;
        }

        TestContext.Out.WriteLine($"{checks}: {injected} fallible steps");
        Assert.That(injected, Is.GreaterThan(20));
    }

    [TestCase(FaultPoint.Commit)]
    [TestCase(FaultPoint.Magazine)]
    [TestCase(FaultPoint.ThreadCache)]
    [TestCase(FaultPoint.RangeClaim)]
    [TestCase(FaultPoint.SlabCreate)]
    public void APointThatAlwaysFails_EndsInOutOfMemory_AndIsForgottenWhenItWorksAgain(FaultPoint point)
    {
        FaultPlan plan = FaultPlan.Random(1.0).At(point);
        plan.Enabled = false;
        using NativeHeap heap = Heaps.Quiet(faults: plan);
        plan.Enabled = true;
        List<(nint Block, nuint Size)> live = [];
        Crew.RunOne(() =>
        {
            for (int i = 0; i < 2000; i++)
            {
                nuint size = (nuint)(16 << (i % 14));
                if (heap.TryAllocate(size, out void* block))
                {
                    BlockPattern.Fill(block, size, 1, i);
                    live.Add(((nint)block, (nuint)i));
                }
            }
        });
        Assert.That(plan.Injected, Is.GreaterThan(0), "the point was never reached");
        Assert.That(heap.GetStatistics().InjectedFaults, Is.EqualTo(plan.Injected));

        plan.Enabled = false;
        foreach ((nint block, nuint i) in live)
        {
            Assert.That(BlockPattern.FirstMismatch((void*)block, (nuint)(16 << ((int)i % 14)), 1, (long)i), Is.EqualTo(-1));
            heap.Free((void*)block);
        }

        void* again = heap.Allocate(64);
        heap.Free(again);
        heap.Free(heap.Allocate(2 << 20));
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void Frees_NeverFail_WhateverFails()
    {
        FaultPlan plan = FaultPlan.Random(1.0);
        plan.Enabled = false;
        using NativeHeap heap = Heaps.Quiet(faults: plan);
        nint[] blocks = new nint[5000];
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = (nint)heap.Allocate((nuint)(16 << (i % 10)));
        }

        void* large = heap.Allocate(2 << 20);
        plan.Enabled = true;
        Crew.Run(2, half =>
        {
            // A thread that has no cache yet and cannot get one.
            for (int i = half; i < blocks.Length; i += 2)
            {
                heap.Free((void*)blocks[i]);
            }
        });
        heap.Free(large);
        heap.Trim();
        heap.Tick();

        HeapStatistics s = Books.Settled(heap, 0);
        Assert.That(s.LiveBlocks(), Is.Zero, $"{s}");
        Books.Balance(s);
        plan.Enabled = false;
        heap.Free(heap.Allocate(64));
    }

    [TestCase(0.02, 1UL)]
    [TestCase(0.3, 2UL)]
    [TestCase(0.9, 3UL)]
    public void RandomFaults_UnderThreads_CostRequestsOnly(double probability, ulong seed)
    {
        FaultPlan plan = FaultPlan.Random(probability, seed: seed);
        plan.Enabled = false;
        using NativeHeap heap = new(new NativeHeapOptions
        {
            ReservedBytes = 8 * Heaps.GiB,
            Reclaim = new() { Interval = TimeSpan.FromMilliseconds(2) },
            Faults = plan,
        });
        plan.Enabled = true;
        Crew.Run(4, owner =>
        {
            Random random = new(owner);
            (nint Block, nuint Size)[] live = new (nint, nuint)[300];
            for (int i = 0; i < 15_000; i++)
            {
                ref (nint Block, nuint Size) slot = ref live[random.Next(live.Length)];
                if (slot.Block != 0)
                {
                    if (BlockPattern.FirstMismatch((void*)slot.Block, slot.Size, owner, slot.Block) != -1)
                    {
                        Assert.Fail($"seed {seed}: contents of 0x{slot.Block:x} differ");
                    }

                    heap.Free((void*)slot.Block);
                    slot = default;
                }

                nuint size = (nuint)random.Next(1, random.Next(50) == 0 ? 100_000 : 2000);
                if (heap.TryAllocate(size, out void* block))
                {
                    BlockPattern.Fill(block, size, owner, (nint)block);
                    slot = ((nint)block, size);
                }
            }

            foreach ((nint block, _) in live)
            {
                heap.Free((void*)block);
            }
        });

        Assert.That(plan.Injected, Is.GreaterThan(0));
        plan.Enabled = false;
        Books.BalanceEmpty(heap, $"seed {seed}");
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
    }

    [Test]
    public void PoolConstructorFault_IsOutOfMemory_AndLosesNoItem()
    {
        for (long n = 1; n < 20; n++)
        {
            FaultPlan plan = FaultPlan.FailNth(n).At(FaultPoint.Constructor);
            using UnmanagedPool<long> pool = new(
                new UnmanagedPoolOptions { Faults = plan, Reclaim = ReclaimOptions.Manual }, (ref long item) => item = 42);
            List<nint> items = [];
            int refused = 0;
            for (int i = 0; i < 50; i++)
            {
                if (pool.TryRent(out long* item))
                {
                    Assert.That(*item, Is.EqualTo(42));
                    items.Add((nint)item);
                }
                else
                {
                    refused++;
                }
            }

            Assert.That(plan.Injected, Is.EqualTo(1), $"constructor call {n}");
            Assert.That(refused, Is.LessThanOrEqualTo(1));
            Assert.That(pool.GetStatistics().LiveBlocks(), Is.EqualTo(items.Count));
            items.ForEach(item => pool.Return((long*)item));
            Books.Balance(pool.GetStatistics());
        }
    }

    /// <summary>Allocations of several classes, large, aligned, realloc, free here and elsewhere, trim, tick, dispose.</summary>
    private static void Life(CheckLevel checks, FaultPlan plan, string context)
    {
        plan.Enabled = false;
        NativeHeap heap = Heaps.Quiet(checks, faults: plan, policy: ReclaimPolicy.Flat, threshold: 0);
        plan.Enabled = true;
        List<(nint Block, nuint Size, int Number)> live = [];
        int number = 0;

        void Keep(void* block, nuint size)
        {
            BlockPattern.Fill(block, size, number, (long)size);
            live.Add(((nint)block, size, number++));
        }

        void Attempt(Action action)
        {
            try
            {
                action();
            }
            catch (OutOfMemoryException)
            {
                // The only failure there may be.
            }
        }

        for (int round = 0; round < 2; round++)
        {
            foreach (nuint size in (nuint[])[16, 64, 500, 2000, 8192, 32_768])
            {
                for (int i = 0; i < 40; i++)
                {
                    Attempt(() => Keep(heap.Allocate(size), size));
                }
            }

            Attempt(() => Keep(heap.AllocateZeroed(300), 300));
            Attempt(() => Keep(heap.Allocate(200_000), 200_000));
            Attempt(() => Keep(heap.AllocateAligned(1000, 4096), 1000));
            Attempt(() => Keep(heap.AllocateAligned(100_000, 1 << 18), 100_000));
            nint[] many = new nint[200];
            int got = heap.AllocateMany(48, many);
            many.AsSpan(0, got).ToArray().ToList().ForEach(block => Keep((void*)block, 48));
            for (int i = 0; i < live.Count; i += 9)
            {
                (nint block, nuint size, int owner) = live[i];
                Attempt(() =>
                {
                    void* moved = heap.Reallocate((void*)block, size * 3);
                    Assert.That(BlockPattern.FirstMismatch(moved, size, owner, (long)size), Is.EqualTo(-1), context);
                    BlockPattern.Fill(moved, size * 3, owner, (long)size * 3);
                    live[i] = ((nint)moved, size * 3, owner);
                });
            }

            // Every second block is freed here, the others of the first half elsewhere: no free fails.
            for (int i = live.Count - 1; i >= 0; i -= 2)
            {
                Check(live[i]);
                heap.Free((void*)live[i].Block);
                live.RemoveAt(i);
            }

            List<(nint Block, nuint Size, int Number)> sent = live[..(live.Count / 2)];
            live.RemoveRange(0, sent.Count);
            Crew.RunOne(() => sent.ForEach(entry =>
            {
                Check(entry);
                heap.Free((void*)entry.Block);
            }));
            heap.Tick();
            heap.Trim();
            HeapStatistics s = Books.Settled(heap, live.Count);
            Books.Balance(s, context);
            Assert.That(s.LiveBlocks(), Is.EqualTo(live.Count), context);
        }

        live.ForEach(entry =>
        {
            Check(entry);
            heap.Free((void*)entry.Block);
        });
        Books.BalanceEmpty(heap, context);
        Assert.That(heap.GetStatistics().Misuses, Is.Zero, context);
        heap.Dispose();

        void Check((nint Block, nuint Size, int Number) entry)
        {
            long at = BlockPattern.FirstMismatch((void*)entry.Block, entry.Size, entry.Number, (long)entry.Size);
            Assert.That(at, Is.EqualTo(-1), context);
        }
    }
}
