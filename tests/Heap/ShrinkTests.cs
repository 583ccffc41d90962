using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>
/// A shrinking reallocation never fails, whatever stands in its way; and a block that stayed what it was because no smaller one could be
/// had is right for every free, sized or not, and for every look at it.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed unsafe class ShrinkTests
{
    private const int MostSteps = 200;

    // From, to, alignment (1: none). Classes of one chunk, of several, with a slab of their own; runs into each, and into smaller runs.
    private static readonly (int From, int To, int Alignment)[] s_pairs =
    [
        (80, 64, 1), (48, 0, 1), (4096, 100, 1), (32_768, 40, 1), (200_000, 50_000, 1), (900_000, 700_000, 1), (900_000, 16, 1),
        (1 << 20, 600_000, 1), (3 << 20, 512 << 10, 1), (3 << 20, 100, 1), (3 << 20, 2 << 20, 1), (5 << 20, (1 << 20) + 1, 1),
        (4096, 1000, 64), (100_000, 5000, 4096), (4 << 20, 70_000, 65_536), (4 << 20, 2 << 20, 1 << 20), (3 << 20, 64, 4096),
    ];

    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void AtAFullByteLimit_BlocksOf900000Bytes_ShrinkTo700000(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks, byteLimit: 64 * Heaps.MiB);
        List<nint> live = [];
        while (heap.TryAllocate(900_000, out void* block))
        {
            BlockPattern.Fill(block, 700_000, 1, live.Count);
            live.Add((nint)block);
        }

        Assert.That(live, Has.Count.GreaterThan(50));
        for (int i = 0; i < live.Count; i++)
        {
            live[i] = (nint)heap.Reallocate((void*)live[i], 700_000);
            Assert.That(heap.UsableSize((void*)live[i]), Is.GreaterThanOrEqualTo((nuint)700_000));
        }

        for (int i = 0; i < live.Count; i++)
        {
            Assert.That(BlockPattern.FirstMismatch((void*)live[i], 700_000, 1, i), Is.EqualTo(-1));
            heap.FreeSized((void*)live[i], 700_000);
        }

        NothingIsMixedUp(heap, 700_000);
    }

    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void AtAFullByteLimit_ARunOf60MiB_ShrinksTo512KiB_AndGivesTheRestBack(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks, byteLimit: 64 * Heaps.MiB);
        void* run = heap.Allocate(60 << 20);
        List<nint> rest = [];
        while (heap.TryAllocate(100_000, out void* block))
        {
            rest.Add((nint)block);
        }

        run = heap.Reallocate(run, 512 << 10);

        if (checks != CheckLevel.Full)
        {
            // Full checks have blocks of their own around the caller's, and keep the whole of it.
            heap.Trim();
            Assert.That(heap.GetStatistics().CommittedBytes, Is.LessThan(10 * Heaps.MiB));
            heap.Free(heap.Allocate(50 << 20));
        }

        heap.FreeSized(run, 512 << 10);
        heap.FreeMany([.. rest]);
        NothingIsMixedUp(heap, 512 << 10);
    }

    [Test]
    public void UnderAFullLimit([ValueSource(nameof(s_pairs))] (int From, int To, int Alignment) pair, [Values] CheckLevel checks, [Values] bool sized)
    {
        using NativeHeap heap = Heaps.Quiet(checks, byteLimit: 10 * Heaps.MiB);
        Shrink(heap, pair, sized, () => Exhaust(heap));
    }

    [Test]
    public void InAnExhaustedReservation(
        [ValueSource(nameof(s_pairs))] (int From, int To, int Alignment) pair, [Values] CheckLevel checks, [Values] bool sized)
    {
        using NativeHeap heap = new(new NativeHeapOptions { ReservedBytes = 10 * Heaps.MiB, Reclaim = ReclaimOptions.Manual, Checks = checks });
        Shrink(heap, pair, sized, () => Exhaust(heap));
    }

    [Test]
    public void WithEachStepFailing([ValueSource(nameof(s_pairs))] (int From, int To, int Alignment) pair, [Values] CheckLevel checks)
    {
        for (int n = 1; ; n++)
        {
            Assert.That(n, Is.LessThan(MostSteps), "the sweep has no end");
            FaultPlan plan = FaultPlan.FailNth(n);
            plan.Enabled = false;
            using NativeHeap heap = Heaps.Quiet(checks, faults: plan);
            Shrink(
                heap,
                pair,
                sized: n % 2 == 0,
                () =>
                {
                    plan.Enabled = true;
                    return [];
                },
                () => plan.Enabled = false);
            if (plan.Injected == 0)
            {
                break;
            }
        }
    }

    [Test]
    public void WithEveryStepFailing([ValueSource(nameof(s_pairs))] (int From, int To, int Alignment) pair, [Values] CheckLevel checks)
    {
        FaultPlan plan = FaultPlan.Random(1.0);
        plan.Enabled = false;
        using NativeHeap heap = Heaps.Quiet(checks, faults: plan);
        Shrink(
            heap,
            pair,
            sized: true,
            () =>
            {
                plan.Enabled = true;
                return [];
            },
            () => plan.Enabled = false);
    }

    [Test]
    public void ASizedFreeOfABlockThatCouldNotBeMoved_GoesToTheBlocksOwnClass([Values] bool throughHandle)
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 8 * Heaps.MiB);
        nint block = (nint)heap.Allocate(4096);
        void* held = heap.Allocate(16);
        List<nint> filler = Exhaust(heap);

        // What was refused last flushed the cache: a magazine of the small class is there again, and empty.
        Assert.That(heap.UsableSize((void*)filler[^1]), Is.EqualTo((nuint)16), "the premise");
        heap.Free((void*)filler[^1]);
        filler[^1] = (nint)heap.Allocate(16);
        Assert.That((nint)heap.Reallocate((void*)block, 16), Is.EqualTo(block), "the premise: no smaller one can be had");
        long ownBefore = Cached(heap, 4096);
        long smallBefore = Cached(heap, 16);
        if (throughHandle)
        {
            using HeapThread thread = heap.OpenThread();
            thread.FreeSized((void*)block, 16);
        }
        else
        {
            heap.FreeSized((void*)block, 16);
        }

        Assert.That(Cached(heap, 4096) - ownBefore, Is.EqualTo(1));
        Assert.That(Cached(heap, 16) - smallBefore, Is.Zero, "a block of 4,096 bytes is none of 16");
        heap.Free(held);
        heap.FreeMany([.. filler]);
    }

    [Test]
    public void AShrinkThatFindsNothing_DisturbsNobody()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 8 * Heaps.MiB);
        void* block = heap.Allocate(4096);
        List<nint> filler = Exhaust(heap);
        long flushes = heap.GetStatistics().OutOfMemoryFlushes;
        block = heap.Reallocate(block, 16);
        Assert.That(heap.GetStatistics().OutOfMemoryFlushes, Is.EqualTo(flushes));
        heap.Free(block);
        heap.FreeMany([.. filler]);
    }

    [Test]
    public void ABlockThatCouldNotBeMoved_MayGrowAgainWhereItLies([Values] CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks, byteLimit: 10 * Heaps.MiB);
        void* run = heap.Allocate(3 << 20);
        List<nint> filler = Exhaust(heap);
        BlockPattern.Fill(run, 300_000, 1, 1);
        run = heap.Reallocate(run, 300_000);
        if (checks != CheckLevel.Full)
        {
            // What was cut off is free, and is where the run can grow into.
            run = heap.Reallocate(run, 400_000);
            run = heap.Reallocate(run, 2 << 20);
        }

        Assert.That(BlockPattern.FirstMismatch(run, 300_000, 1, 1), Is.EqualTo(-1));
        heap.Free(run);
        heap.FreeMany([.. filler]);
        NothingIsMixedUp(heap, 300_000);
    }

    [Test]
    public void AWrongSizeIsStillFound_BesideABlockThatCouldNotBeMoved()
    {
        using NativeHeap heap = Heaps.Quiet(CheckLevel.Basic, byteLimit: 8 * Heaps.MiB);
        void* block = heap.Allocate(4096);
        List<nint> filler = Exhaust(heap);
        block = heap.Reallocate(block, 100);
        Assert.That(() => heap.FreeSized(block, 8192), Throws.TypeOf<HeapMisuseException>(), "more than the block holds");
        heap.FreeSized(block, 100);
        Assert.That(() => heap.FreeSized(block, 100), Throws.TypeOf<HeapMisuseException>(), "twice");
        heap.FreeMany([.. filler]);
    }

    [Test]
    public void FullChecks_FindWhatIsWrittenBehindTheNewEnd()
    {
        using NativeHeap heap = Heaps.Quiet(CheckLevel.Full, byteLimit: 8 * Heaps.MiB);
        byte* block = (byte*)heap.Allocate(4096);
        List<nint> filler = Exhaust(heap);
        block = (byte*)heap.Reallocate(block, 100);
        Assert.That(heap.UsableSize(block), Is.EqualTo((nuint)100));
        block[100] = 1;
        Assert.That(() => heap.Free(block), Throws.TypeOf<HeapMisuseException>());
        heap.FreeMany([.. filler]);
    }

    private static void Shrink(
        NativeHeap heap, (int From, int To, int Alignment) pair, bool sized, Func<List<nint>> obstruct, Action? clear = null)
    {
        nuint to = (nuint)pair.To;
        nuint alignment = (nuint)pair.Alignment;
        bool aligned = alignment > 1;
        void* block = aligned ? heap.AllocateAligned((nuint)pair.From, alignment) : heap.Allocate((nuint)pair.From);
        BlockPattern.Fill(block, to, 7, 7);
        List<nint> filler = obstruct();

        block = aligned ? heap.ReallocateAligned(block, to, alignment) : heap.Reallocate(block, to);

        Assert.That((nuint)block & (alignment - 1), Is.EqualTo((nuint)0));
        Assert.That(heap.UsableSize(block), Is.GreaterThanOrEqualTo(to));
        Assert.That(BlockPattern.FirstMismatch(block, to, 7, 7), Is.EqualTo(-1));

        // Once more to the same size, and to half of it.
        block = aligned ? heap.ReallocateAligned(block, to, alignment) : heap.Reallocate(block, to);
        to /= 2;
        block = aligned ? heap.ReallocateAligned(block, to, alignment) : heap.Reallocate(block, to);
        Assert.That(BlockPattern.FirstMismatch(block, to & ~(nuint)7, 7, 7), Is.EqualTo(-1));
        clear?.Invoke();
        if (sized && !aligned)
        {
            heap.FreeSized(block, to);
        }
        else
        {
            heap.Free(block);
        }

        heap.FreeMany([.. filler]);
        NothingIsMixedUp(heap, to);
    }

    /// <summary>Blocks of small classes and of large ones, until nothing more can be had.</summary>
    private static long Cached(NativeHeap heap, long blockBytes)
        => heap.GetSizeClassStatistics().Where(one => one.BlockBytes == blockBytes).Sum(one => one.ThreadCachedBlocks);

    private static List<nint> Exhaust(NativeHeap heap)
    {
        List<nint> filler = [];
        foreach (nuint size in (nuint[])[1 << 20, 100_000, 8192, 2048, 512, 96, 80, 64, 48, 32, 16])
        {
            while (heap.TryAllocate(size, out void* block))
            {
                filler.Add((nint)block);
            }
        }

        return filler;
    }

    /// <summary>Everything was freed: the books are empty, all comes home without a complaint, and what is handed out next does not overlap.</summary>
    private static void NothingIsMixedUp(NativeHeap heap, nuint size)
    {
        Books.BalanceEmpty(heap);
        List<(nint Block, nuint Size)> live = [];
        foreach (nuint next in (nuint[])[size, 16, 64, 4096, 700_000])
        {
            for (int i = 0; i < 2 && heap.TryAllocate(next, out void* block); i++)
            {
                BlockPattern.Fill(block, next, 3, live.Count);
                live.Add(((nint)block, next));
            }
        }

        for (int i = 0; i < live.Count; i++)
        {
            Assert.That(BlockPattern.FirstMismatch((void*)live[i].Block, live[i].Size, 3, i), Is.EqualTo(-1));
            heap.Free((void*)live[i].Block);
        }

        heap.Trim();
        Books.BalanceEmpty(heap);
        HeapStatistics s = heap.GetStatistics();
        Assert.That(s.CapacityBlocks, Is.Zero, $"{s}");
        Assert.That(s.Misuses, Is.Zero, $"{s}");
    }
}
