namespace MagAlloc.Tests.Iova;

/// <summary>Allocation, free, look-up and reservation in the tree.</summary>
[TestFixture]
public sealed class RangeTests
{
    [Test]
    public void Free_ByAnyPfn_FreesTheWholeRange_Once()
    {
        using IovaDomain domain = Domains.Quiet();
        IovaRange range = domain.Allocate(100, domain.LastPfn, false);
        Assert.That(domain.TryFind(range.First + 50, out IovaRange found));
        Assert.That(found, Is.EqualTo(range));
        Assert.That(domain.Free(range.First + 50));
        Assert.That(domain.Free(range.First + 50), Is.False);
        Assert.That(domain.Free(range), Is.False);
        Assert.That(domain.Free(0UL), Is.False, "below the start");
        Assert.That(domain.Free(ulong.MaxValue), Is.False);
        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void Free_OfARange_WantsItExactly()
    {
        using IovaDomain domain = Domains.Quiet();
        IovaRange range = domain.Allocate(100, domain.LastPfn, false);
        Assert.That(domain.Free(range with { First = range.First + 1 }), Is.False);
        Assert.That(domain.Free(range with { First = range.First - 1 }), Is.False);
        Assert.That(domain.Free(range with { Last = range.Last - 1 }), Is.False);
        Assert.That(domain.Free(new IovaRange(range.Last, range.First)), Is.False, "upside down");
        Assert.That(domain.Free(new IovaRange(0, ulong.MaxValue)), Is.False);
        Assert.That(domain.Free(range));
        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void WhatLiesBelowTheStart_IsNeverSeen()
    {
        using IovaDomain domain = Domains.Quiet(startPfn: 1000);
        Assert.That(domain.TryFind(999, out _), Is.False);
        Assert.That(domain.TryFindNext(0, out _), Is.False);
        Assert.That(domain.EnumerateInUse(), Is.Empty);
        Assert.That(domain.Free(999UL), Is.False);
        Assert.That(domain.Free(new IovaRange(0, 999)), Is.False);
        IovaRange all = domain.Allocate(domain.LastPfn - 999, domain.LastPfn, false);
        Assert.That(all, Is.EqualTo(new IovaRange(1000, domain.LastPfn)));
        Assert.That(domain.GetStatistics().FreeUnits, Is.Zero);
        Assert.That(domain.Free(all));
        IovaStatistics s = domain.GetStatistics();
        Assert.That((s.TotalUnits, s.FreeUnits), Is.EqualTo(((1L << 36) - 1000, (1L << 36) - 1000)));
    }

    [Test]
    public void InUse_IsAllocatedCachedAndReserved_InAscendingOrder()
    {
        using IovaDomain domain = Domains.Quiet();
        IovaRange allocated = domain.Allocate(100, 5000, false);
        domain.Reserve(10, 20);
        ulong cached = domain.AllocateFast(1, 3000);
        domain.FreeFast(cached, 1);
        Assert.That(domain.EnumerateInUse(), Is.EqualTo(new[] { new IovaRange(10, 20), new IovaRange(cached, cached), allocated }));
        Assert.That(domain.TryFindNext(21, out IovaRange next));
        Assert.That(next.First, Is.EqualTo(cached));
        Assert.That(domain.TryFindNext(allocated.First + 5, out next));
        Assert.That(next, Is.EqualTo(allocated));
        Assert.That(domain.TryFindNext(allocated.Last + 1, out _), Is.False);
    }

    [Test]
    public void AReservation_OfFreeSpace_IsOnePiece_ThatNobodyGets()
    {
        using IovaDomain domain = Domains.Quiet(bits: 8);
        IovaReservation reservation = domain.Reserve(100, 199);
        Assert.That(reservation.IsComplete);
        Assert.That(reservation.Reserved, Is.EqualTo(new[] { new IovaRange(100, 199) }));
        Assert.That(domain.GetStatistics().ReservedUnits, Is.EqualTo(100));
        HashSet<ulong> got = [];
        while (domain.TryAllocateFast(1, 255, true, out ulong pfn))
        {
            got.Add(pfn);
        }

        Assert.That(got, Has.Count.EqualTo(255 - 100));
        Assert.That(got.Where(pfn => pfn is >= 100 and <= 199), Is.Empty);
        Assert.That(domain.Free(150UL), Is.False, "not by an address");
        Assert.That(domain.Free(new IovaRange(100, 150)), Is.False, "not in part");
        Assert.That(domain.Free(new IovaRange(100, 199)));
        Assert.That(domain.Free(new IovaRange(100, 199)), Is.False);
        Assert.That(domain.Allocate(100, 255, false), Is.EqualTo(new IovaRange(100, 199)));
    }

    [Test]
    public void AReservation_AcrossWhatIsInUse_TakesTheGaps_AndReportsTheRest()
    {
        using IovaDomain domain = Domains.Quiet();
        IovaRange a = domain.Allocate(8, 111, false);
        IovaRange b = domain.Allocate(8, 127, false);
        IovaRange edge = domain.Allocate(16, 159, false);
        Assert.That((a.First, b.First, edge.First), Is.EqualTo((104UL, 120UL, 144UL)), "the premise");
        IovaReservation reservation = domain.Reserve(90, 149);
        Assert.That(reservation.IsComplete, Is.False);
        Assert.That(reservation.Reserved, Is.EqualTo(new[] { new IovaRange(90, 103), new IovaRange(112, 119), new IovaRange(128, 143) }));
        Assert.That(reservation.Overlapped, Is.EqualTo(new[] { a, b, edge }));

        // Freeing an allocation takes nothing of the reservation with it, as it does in the kernel.
        Assert.That(domain.Free(a));
        Assert.That(domain.TryFind(103, out _) && domain.TryFind(112, out _));
        IovaReservation second = domain.Reserve(80, 125);
        Assert.That(second.Reserved, Is.EqualTo(new[] { new IovaRange(80, 89), a }));
        Assert.That(second.Overlapped, Is.EqualTo(new[] { new IovaRange(90, 103), new IovaRange(112, 119), b }));
        Assert.That(domain.GetStatistics().ReservedRanges, Is.EqualTo(5));
        foreach (IovaRange piece in reservation.Reserved.Concat(second.Reserved))
        {
            Assert.That(domain.Free(piece));
        }

        Assert.That(domain.Free(b) && domain.Free(edge));
        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void AReservation_OfTheWholeSpace_AndOfNothingNew()
    {
        using IovaDomain domain = Domains.Quiet();
        Assert.That(domain.Reserve(0, domain.LastPfn).Reserved, Is.EqualTo(new[] { new IovaRange(1, domain.LastPfn) }));
        Assert.That(domain.Reserve(0, domain.LastPfn).Reserved, Is.Empty);
        Assert.That(domain.Reserve(0, 0), Has.Property("IsComplete").True.And.Property("Reserved").Empty, "out of circulation already");
        Assert.That(domain.TryAllocateFast(1, domain.LastPfn, true, out _), Is.False);
        Assert.That(() => domain.Reserve(0, domain.LastPfn + 1), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => domain.Reserve(5, 4), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void ManyReservations_AreFoundAndFreed()
    {
        using IovaDomain domain = Domains.Quiet();
        for (ulong i = 0; i < 1000; i++)
        {
            domain.Reserve(10 + (i * 3), 11 + (i * 3));
        }

        Assert.That(domain.EnumerateInUse(), Has.Count.EqualTo(1000));
        var random = new Random(5);
        ulong[] order = [.. Enumerable.Range(0, 1000).Select(i => (ulong)i)];
        random.Shuffle(order);
        foreach (ulong i in order)
        {
            Assert.That(domain.Free(10 + (i * 3)), Is.False);
            Assert.That(domain.Free(new IovaRange(10 + (i * 3), 11 + (i * 3))));
        }

        Domains.BalanceEmpty(domain);
    }
}
