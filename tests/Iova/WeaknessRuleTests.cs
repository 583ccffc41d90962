using MagAlloc.Tests.Iova.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>The weaknesses of the kernel's rules and interface, by number, each shown absent.</summary>
[TestFixture]
public sealed class WeaknessRuleTests
{
    /// <summary>W10: limit + 1 and limit - size wrap, and a range above the limit comes back.</summary>
    [Test]
    public void W10_NoSumOrDifferenceWraps([Values] bool primed)
    {
        using IovaDomain domain = Spaces.Quiet();
        if (primed)
        {
            // Ranges above every limit used below lie in the caches, waiting to be handed out by mistake.
            domain.Reserve(1, 0xFFFF);
            for (int order = 0; order < 6; order++)
            {
                domain.FreeMany(domain.AllocateMany(300, 1UL << order, Spaces.Last32), 1UL << order);
            }
        }
        else
        {
            domain.Reserve(1, 0xFFFF);
        }

        ulong[] sizes = [1, 2, 3, 31, 32, 33, 1000, domain.LastPfn, 1UL << 63, (1UL << 63) + 1, ulong.MaxValue - 1, ulong.MaxValue];
        foreach (ulong size in sizes)
        {
            foreach (ulong limit in new ulong[] { 0, 1, 2, 30, 31, 32, 0xFFFE, 0xFFFF })
            {
                string what = $"{size} granules, limit {limit}";
                Assert.That(domain.TryAllocate(size, limit, true, out _), Is.False, what);
                Assert.That(domain.TryAllocate(size, limit, false, out _), Is.False, what);
                Assert.That(domain.TryAllocateFast(size, limit, flushRcache: false, out _), Is.False, what);
            }

            bool possible = size <= 1000;
            Assert.That(domain.TryAllocate(size, ulong.MaxValue, true, out IovaRange range), Is.EqualTo(possible), $"{size}, no limit");
            Assert.That(!possible || (range.Last <= domain.LastPfn && range.First > 0xFFFF), Is.True, $"{range}");
            Assert.That(domain.TryAllocateFast(size, ulong.MaxValue, true, out ulong pfn), Is.EqualTo(possible), $"{size}, no limit");
            Assert.That(!possible || (pfn > 0xFFFF && pfn + Spaces.FastUnits(size) - 1 <= domain.LastPfn), Is.True, $"{pfn}");
        }

        Assert.That(domain.Free(new IovaRange(ulong.MaxValue, 0)), Is.False);
        Assert.That(domain.Free(new IovaRange(0, ulong.MaxValue)), Is.False);
        Assert.That(domain.Free(ulong.MaxValue), Is.False);
        Assert.That(domain.TryFind(ulong.MaxValue, out _), Is.False);
    }

    /// <summary>W10: a request of exactly what the limit leaves.</summary>
    [Test]
    public void W10_ASizeOfExactlyTheRoomBelowTheLimit_IsGranted_AndOneMoreIsNot([Values(1u, 32u, 77u)] uint start)
    {
        using IovaDomain domain = Spaces.Quiet(start: start);
        foreach (ulong limit in new[] { start, start + 1UL, start + 31UL, start + 500UL, Spaces.Last32, domain.LastPfn, ulong.MaxValue })
        {
            ulong room = Math.Min(limit, domain.LastPfn) - start + 1;
            Assert.That(domain.TryAllocate(room + 1, limit, false, out _), Is.False, $"limit {limit}");
            Assert.That(domain.TryAllocate(room, limit, false, out IovaRange range), Is.True, $"limit {limit}");
            Assert.That(range, Is.EqualTo(new IovaRange(start, start + room - 1)));
            Assert.That(domain.Free(range), Is.True);
        }

        Assert.That(domain.TryAllocate(1, start - 1UL, true, out _), Is.False, "a limit below the space");
    }

    /// <summary>W13: a reservation over an allocation widens it, and freeing the allocation drops that part of the reservation.</summary>
    [Test]
    public void W13_AReservationOverAnAllocation_SurvivesTheFreeOfTheAllocation()
    {
        using IovaDomain domain = Spaces.Quiet();
        IovaRange held = domain.Allocate(16, 0xFFFF, true);
        IovaReservation reservation = domain.Reserve(held.First - 4, held.First + 7);

        Assert.That(reservation.Overlapped, Is.EqualTo(new[] { held }), "the overlap is reported");
        Assert.That(reservation.IsComplete, Is.False);
        Assert.That(reservation.Reserved, Is.EqualTo(new[] { new IovaRange(held.First - 4, held.First - 1) }));
        Assert.That(domain.TryFind(held.First, out IovaRange found), Is.True);
        Assert.That(found, Is.EqualTo(held), "the allocation was not widened");

        Assert.That(domain.Free(held.First), Is.True);
        Assert.That(domain.TryFind(held.First - 4, out found), Is.True, "the reservation is still there");
        Assert.That(found, Is.EqualTo(new IovaRange(held.First - 4, held.First - 1)));
        Assert.That(domain.TryFind(held.First, out _), Is.False);
        Assert.That(domain.Free(held.First - 4), Is.False, "and a page frame alone does not free it");
        Assert.That(domain.Free(found), Is.True);
        domain.AssertNothingIsLost();
    }

    /// <summary>W14: page frame 0 doubles as the failure value.</summary>
    [Test]
    public void W14_PageFrameZero_IsAnAddressLikeAnyOther()
    {
        using IovaDomain domain = Spaces.Quiet(unitBits: 9, start: 0);
        ulong all = domain.LastPfn + 1;
        HashSet<ulong> plain = [];
        HashSet<ulong> fast = [];
        for (ulong i = 0; i < all; i++)
        {
            Assert.That(domain.TryAllocate(1, domain.LastPfn, true, out IovaRange range), Is.True);
            plain.Add(range.First);
        }

        Assert.That(plain, Does.Contain(0UL));
        Assert.That(plain, Has.Count.EqualTo(all));
        Assert.That(plain.All(pfn => domain.Free(pfn)), Is.True);
        for (ulong i = 0; i < all; i++)
        {
            Assert.That(domain.TryAllocateFast(1, domain.LastPfn, true, out ulong pfn), Is.True, $"{i} of {all}");
            fast.Add(pfn);
        }

        Assert.That(fast.SetEquals(plain), Is.True);
        domain.FreeFast(0, 1);
        Assert.That(domain.AllocateFast(1, 0), Is.Zero, "it can be asked for by its limit, out of the cache");
        domain.FreeMany(fast, 1);
        domain.AssertNothingIsLost();
    }

    /// <summary>W15: no statistics at all.</summary>
    [Test]
    public void W15_TheBooksShowWhatIsHeldCachedReservedAndLookedAt()
    {
        using IovaDomain domain = Spaces.Quiet();
        domain.Reserve(100, 199);
        IovaRange plain = domain.Allocate(1000, domain.LastPfn, true);
        ulong[] fast = domain.AllocateMany(300, 4, Spaces.Last32);
        IovaStatistics s = domain.GetStatistics();
        long capacity = (long)(domain.LastPfn - domain.StartPfn + 1);
        Assert.Multiple(() =>
        {
            Assert.That(s.ReservedUnits, Is.EqualTo(100));
            Assert.That(s.AllocatedUnits, Is.EqualTo(1000 + 1200));
            Assert.That(s.AllocatedUnits + s.CachedUnits + s.ReservedUnits + s.FreeUnits, Is.EqualTo(capacity));
            Assert.That(s.SearchSteps, Is.GreaterThan(0));
            Assert.That(s.Ranges(), Is.EqualTo(2 + 300 + (s.CachedUnits / 4)));
        });

        domain.FreeMany(fast, 4);
        s = domain.GetStatistics();
        Assert.Multiple(() =>
        {
            Assert.That(s.AllocatedUnits, Is.EqualTo(1000));
            Assert.That(s.CachedUnits, Is.GreaterThanOrEqualTo(1200));
            Assert.That(s.AllocatedUnits + s.CachedUnits + s.ReservedUnits + s.FreeUnits, Is.EqualTo(capacity));
        });

        domain.Free(plain);
        domain.Flush();
        s = domain.GetStatistics();
        Assert.That((s.AllocatedUnits, s.CachedUnits, s.Ranges()), Is.EqualTo((0L, 0L, 1L)));
    }
}
