namespace MagAlloc.Tests.Heap.Support;

/// <summary>Assertions about a statistics snapshot taken while nobody uses the heap.</summary>
internal static class Books
{
    /// <summary>Invariant 4: no block is handed out twice, none is lost.</summary>
    public static void Balance(HeapStatistics s, string when = "")
    {
        Assert.That(s.AllocatedBlocks + s.CachedBlocks + s.FreeBlocks, Is.EqualTo(s.CapacityBlocks),
            $"allocated + cached + free = capacity {when}: {s}");
        Assert.That(s.PeakCommittedBytes, Is.GreaterThanOrEqualTo(s.CommittedBytes), $"peak >= committed {when}");
        Assert.That(s.CommittedBytes, Is.GreaterThanOrEqualTo(s.MetadataBytes), $"metadata is part of committed {when}");
        Assert.That(s.ReservedBytes, Is.GreaterThanOrEqualTo(s.DirtyBytes), $"dirty is part of reserved {when}");
    }

    /// <summary>
    /// A snapshot at quiescence. The worker, or the finalizer of a thread that has ended, may still be carrying blocks
    /// home; it is given a moment to arrive. The snapshot that is at rest is the one that counts: the next pass begins at any time.
    /// </summary>
    public static HeapStatistics Settled(NativeHeap heap, long live)
    {
        HeapStatistics s = default;
        Crew.Eventually(
            () =>
            {
                s = heap.GetStatistics();
                return s.LiveBlocks() == live && s.AllocatedBlocks + s.CachedBlocks + s.FreeBlocks == s.CapacityBlocks;
            },
            TimeSpan.FromSeconds(2));
        return s;
    }

    /// <summary>The books balance and no block is live.</summary>
    public static void BalanceEmpty(NativeHeap heap, string when = "")
    {
        HeapStatistics s = Settled(heap, 0);
        Balance(s, when);
        Assert.That(s.AllocatedBlocks, Is.Zero, $"live blocks {when}: {s}");
        Assert.That(s.AllocatedBytes, Is.Zero, $"live bytes {when}");
        Assert.That(s.LargeBlocks, Is.Zero, $"live large blocks {when}");
    }

    /// <summary>Live blocks, of size classes and larger ones.</summary>
    public static long LiveBlocks(this HeapStatistics s) => s.AllocatedBlocks + s.LargeBlocks;
}
