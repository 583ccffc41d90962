using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>Domains for tests, and assertions about their books while nobody uses them.</summary>
internal static class Domains
{
    /// <summary>A domain without worker whose last pfn is 2^bits - 1.</summary>
    public static IovaDomain Quiet(int bits = 36, ulong startPfn = 1, CheckLevel checks = CheckLevel.None, FaultPlan? faults = null)
        => new(4096, startPfn, Options(bits, checks, faults));

    public static IovaDomainOptions Options(int bits = 36, CheckLevel checks = CheckLevel.None, FaultPlan? faults = null) => new()
    {
        Name = "test",
        AddressBits = bits + 12,
        Reclaim = ReclaimOptions.Manual,
        Checks = checks,
        Faults = faults,
    };

    /// <summary>No unit is lost, none is held twice, and what callers hold is what is expected.</summary>
    public static void Balance(IovaDomain domain, long allocatedUnits, string when = "")
    {
        // A finalizer of an ended thread's record may be carrying ranges home.
        Crew.Eventually(() => domain.GetStatistics().AllocatedUnits == allocatedUnits, TimeSpan.FromSeconds(2));
        IovaStatistics s = domain.GetStatistics();
        Assert.That(s.AllocatedUnits, Is.EqualTo(allocatedUnits), $"allocated {when}: {s}");
        Assert.That(s.AllocatedUnits + s.CachedUnits + s.ReservedUnits + s.FreeUnits, Is.EqualTo(s.TotalUnits), $"the books {when}: {s}");
    }

    /// <summary>The same, and after a flush nothing is in use at all.</summary>
    public static void BalanceEmpty(IovaDomain domain, string when = "")
    {
        Balance(domain, 0, when);
        domain.Flush();
        IovaStatistics s = domain.GetStatistics();
        Assert.That(s.CachedUnits, Is.Zero, $"cached {when}: {s}");
        Assert.That(domain.EnumerateInUse(), Has.Count.EqualTo(s.ReservedRanges), when);
        Assert.That(s.Misuses, Is.Zero, when);
    }
}
