using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Iova.Support;

/// <summary>Spaces as the tests want them: no worker unless asked for, as much space as the test needs.</summary>
internal static class Spaces
{
    public const ulong Granule = 4096;

    /// <summary>The last page frame below 4 GiB.</summary>
    public const ulong Last32 = (1UL << 20) - 1;

    /// <summary>A domain of 2^<paramref name="unitBits"/> granules of 4 KiB that does nothing on its own.</summary>
    public static IovaDomain Quiet(
        int unitBits = 36,
        ulong start = 1,
        CheckLevel checks = CheckLevel.None,
        ReclaimPolicy policy = ReclaimPolicy.WorkingSet,
        int threshold = -1,
        FaultPlan? faults = null) => new(Granule, start, new IovaDomainOptions
        {
            Name = "test",
            AddressBits = unitBits + 12,
            Checks = checks,
            Reclaim = ReclaimOptions.Manual with { Policy = policy, Threshold = threshold },
            Faults = faults,
        });

    /// <summary>A power of two that is not less than <paramref name="size"/>.</summary>
    public static ulong RoundUp(ulong size) => System.Numerics.BitOperations.RoundUpToPowerOf2(size);

    /// <summary>What a Fast call of <paramref name="size"/> granules occupies.</summary>
    public static ulong FastUnits(ulong size) => size < 32 ? RoundUp(size) : size;

    /// <summary>Ranges in the tree: the kernel's count of nodes, cached ones included.</summary>
    public static long Ranges(this IovaStatistics s) => s.AllocatedRanges + s.CachedRanges + s.ReservedRanges;

    /// <summary>As many fast ranges as <paramref name="count"/> says.</summary>
    public static ulong[] AllocateMany(this IovaDomain domain, int count, ulong size, ulong limit)
    {
        var pfns = new ulong[count];
        for (int i = 0; i < count; i++)
        {
            pfns[i] = domain.AllocateFast(size, limit);
        }

        return pfns;
    }

    public static void FreeMany(this IovaDomain domain, IEnumerable<ulong> pfns, ulong size)
    {
        foreach (ulong pfn in pfns)
        {
            domain.FreeFast(pfn, size);
        }
    }

    /// <summary>Nothing may be missing: with all caches flushed, every granule but the reserved ones can be had again.</summary>
    public static void AssertNothingIsLost(this IovaDomain domain, string when = "")
    {
        // The finalizer of an ended thread may be on its way home with what that thread had cached.
        Crew.Eventually(() => domain.Flush() >= 0 && domain.EnumerateInUse().Count == 0, TimeSpan.FromSeconds(2));
        Assert.That(domain.EnumerateInUse(), Is.Empty, $"ranges left {when}");
        ulong all = domain.LastPfn - domain.StartPfn + 1;
        Assert.That(domain.TryAllocate(all, domain.LastPfn, false, out IovaRange range), Is.True, $"the whole space is one range {when}");
        Assert.That(range, Is.EqualTo(new IovaRange(domain.StartPfn, domain.LastPfn)), when);
        Assert.That(domain.Free(range), Is.True, when);
    }
}
