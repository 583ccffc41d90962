using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

[TestFixture]
public sealed unsafe class StatisticsTests
{
    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void BooksBalance_AtEveryQuietMoment(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks);
        Books.BalanceEmpty(heap, "at birth");
        Random random = new(17);
        List<(nint Block, nuint Size)> live = [];
        for (int i = 0; i < 6000; i++)
        {
            if (live.Count < 1500 && random.Next(3) > 0)
            {
                nuint size = (nuint)random.Next(1, random.Next(20) == 0 ? 200_000 : 3000);
                live.Add(((nint)heap.Allocate(size), size));
            }
            else if (live.Count > 0)
            {
                int at = random.Next(live.Count);
                heap.Free((void*)live[at].Block);
                live[at] = live[^1];
                live.RemoveAt(live.Count - 1);
            }

            if (i % 500 == 0)
            {
                HeapStatistics s = heap.GetStatistics();
                Books.Balance(s, $"after {i} steps");
                Assert.That(s.LiveBlocks(), Is.EqualTo(live.Count));
                Assert.That(s.AllocatedBytes, Is.GreaterThanOrEqualTo(live.Sum(entry => (long)entry.Size)));
                Assert.That(s.CommittedBytes, Is.GreaterThanOrEqualTo(s.AllocatedBytes));
            }
        }

        live.ForEach(entry => heap.Free((void*)entry.Block));
        Books.BalanceEmpty(heap, "after the last free");
        heap.Trim();
        Books.BalanceEmpty(heap, "after Trim");
    }

    [Test]
    public void EachNumber_SaysWhatItsNameSays()
    {
        using NativeHeap heap = Heaps.Quiet();
        nint[] small = new nint[1000];
        heap.AllocateMany(64, small);
        void* large = heap.Allocate(2 << 20);

        HeapStatistics busy = heap.GetStatistics();
        Assert.That(busy.AllocatedBlocks, Is.EqualTo(1000));
        Assert.That(busy.LargeBlocks, Is.EqualTo(1));
        Assert.That(busy.AllocatedBytes, Is.GreaterThanOrEqualTo(64_000 + (2 << 20)));
        Assert.That(busy.AllocatedBytes, Is.LessThanOrEqualTo(80_000 + (2 << 20) + 65_536));
        Assert.That(busy.CapacityBlocks, Is.GreaterThanOrEqualTo(1000));
        Assert.That(busy.Threads, Is.EqualTo(1));
        Assert.That(busy.SourceRefills, Is.GreaterThanOrEqualTo(1));
        Assert.That(busy.ReservedBytes, Is.GreaterThanOrEqualTo(8 * Heaps.GiB));
        Assert.That(busy.MetadataBytes, Is.GreaterThan(0));
        Assert.That(busy.InjectedFaults, Is.Zero);
        Assert.That(busy.Misuses, Is.Zero);
        Assert.That(busy.OutOfMemoryFlushes, Is.Zero);

        heap.FreeMany(small);
        heap.Free(large);
        HeapStatistics idle = heap.GetStatistics();
        Assert.That(idle.CachedBlocks, Is.GreaterThan(0));
        Assert.That(idle.CachedBytes, Is.GreaterThanOrEqualTo(idle.CachedBlocks * 64));
        Assert.That(idle.DepotExchanges, Is.GreaterThan(0));
        Assert.That(idle.DepotMagazines, Is.GreaterThan(0));
    }

    [Test]
    public void CommittedBytes_FallAfterABurstAndTrim_AndThePeakStays()
    {
        using NativeHeap heap = Heaps.Quiet();
        List<nint> live = [];
        for (int i = 0; i < 20_000; i++)
        {
            nuint size = (nuint)(16 + (i * 97 % 3000));
            void* block = heap.Allocate(size);
            BlockPattern.Set(block, size, 1);
            live.Add((nint)block);
        }

        HeapStatistics busy = heap.GetStatistics();
        live.ForEach(block => heap.Free((void*)block));
        long decommitted = heap.Trim();
        HeapStatistics idle = heap.GetStatistics();

        Assert.That(busy.CommittedBytes, Is.GreaterThan(28 * Heaps.MiB));
        Assert.That(idle.CommittedBytes, Is.LessThanOrEqualTo(Heaps.MiB));
        Assert.That(idle.DirtyBytes, Is.Zero);
        Assert.That(idle.PeakCommittedBytes, Is.GreaterThanOrEqualTo(busy.CommittedBytes));
        Assert.That(decommitted, Is.GreaterThan(0));
        Assert.That(idle.DecommittedBytes, Is.GreaterThan(25 * Heaps.MiB), "what the frees gave back at once, and Trim the rest");
        Assert.That(heap.Trim(), Is.Zero, "nothing is left to give back");
    }

    [Test]
    public void Trim_KeepsLiveBlocksAndTheirContents()
    {
        using NativeHeap heap = Heaps.Quiet();
        List<nint> live = [];
        for (int i = 0; i < 5000; i++)
        {
            void* block = heap.Allocate(500);
            BlockPattern.Fill(block, 500, 2, i);
            live.Add((nint)block);
        }

        for (int i = 0; i < live.Count; i++)
        {
            if (i % 50 != 0)
            {
                heap.Free((void*)live[i]);
            }
        }

        heap.Trim();
        for (int i = 0; i < live.Count; i += 50)
        {
            Assert.That(BlockPattern.FirstMismatch((void*)live[i], 500, 2, i), Is.EqualTo(-1));
            heap.Free((void*)live[i]);
        }

        heap.Trim();
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void ResidentSet_FollowsCommittedBytes()
    {
        using NativeHeap heap = Heaps.Quiet();
        nint[] blocks = new nint[60_000];
        long before = ProcessState.ResidentBytes;
        heap.AllocateMany(1024, blocks);
        foreach (nint block in blocks)
        {
            BlockPattern.Set((void*)block, 1024, 3);
        }

        long busy = ProcessState.ResidentBytes;
        heap.FreeMany(blocks);
        heap.Trim();
        long idle = ProcessState.ResidentBytes;

        Assert.That(busy - before, Is.GreaterThan(50 * Heaps.MiB));
        Assert.That(busy - idle, Is.GreaterThan(50 * Heaps.MiB), "the memory did not go back to the system");
    }
}
