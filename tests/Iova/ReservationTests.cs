namespace MagAlloc.Tests.Iova;

/// <summary>A reservation is whole or not there: managed memory that is refused, and frees that are wrong, leave neither claims nor gaps.</summary>
[TestFixture]
public sealed class ReservationTests
{
    /// <summary>Two pieces around an allocation: a step for each piece, one for the list of what is in the way, one for the record.</summary>
    [TestCase(CheckLevel.None)]
    [TestCase(CheckLevel.Basic)]
    public void WhateverManagedMemoryIsRefused_NothingStaysClaimed(CheckLevel checks)
    {
        int steps = 0;
        for (int nth = 1; ; nth++)
        {
            FaultPlan plan = FaultPlan.FailNth(nth).At(FaultPoint.Metadata);
            plan.Enabled = false;
            using IovaDomain domain = Domains.Quiet(checks: checks, faults: plan);
            IovaRange allocated = domain.Allocate(8, 127, false);
            plan.Enabled = true;
            try
            {
                Assert.That(domain.Reserve(90, 5000).Reserved, Has.Count.EqualTo(2));
                Assert.That(plan.Injected, Is.Zero);
                break;
            }
            catch (OutOfMemoryException e)
            {
                steps++;
                Assert.That(e.Message, Does.StartWith("test: "));
            }

            Assert.That(domain.EnumerateInUse(), Is.EqualTo(new[] { allocated }));
            Assert.That(domain.GetStatistics(), Has.Property("ReservedUnits").Zero.And.Property("AllocatedUnits").EqualTo(8));
            Assert.That(domain.Reserve(90, 5000).Reserved, Is.EqualTo(new[] { new IovaRange(90, allocated.First - 1), new IovaRange(allocated.Last + 1, 5000) }));
            Assert.That(domain.Free(allocated));
        }

        Assert.That(steps, Is.EqualTo(4));
    }

    [TestCase(200UL, 203UL)]
    [TestCase(200UL, 299UL)]
    [TestCase(512UL, 1023UL)]
    [TestCase(1000UL, 99_999UL)]
    public void AWrongFree_NeverTakesAPiece_InNoMoment(ulong first, ulong last)
    {
        using IovaDomain domain = Domains.Quiet();
        using CancellationTokenSource end = new();
        long wrong = 0;
        Thread rogue = new(() =>
        {
            ulong pfn = first;
            while (!end.IsCancellationRequested)
            {
                wrong += domain.Free(pfn) ? 1 : 0;
                pfn = pfn == last ? first : pfn + ((last - first + 2) / 3);
                pfn = Math.Min(pfn, last);
            }
        });
        rogue.Start();
        for (int round = 0; round < 20_000; round++)
        {
            IovaReservation reservation = domain.Reserve(first, last);
            Assert.That(reservation.Reserved, Is.EqualTo(new[] { new IovaRange(first, last) }), $"round {round}");
            Assert.That(domain.Free(new IovaRange(first, last)), Is.True, $"round {round}");
        }

        end.Cancel();
        rogue.Join();
        Assert.That(wrong, Is.Zero);
        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void AReservedPiece_IsSeenByEveryLookUp_AndByNoFree()
    {
        foreach ((ulong first, ulong last) in new[] { (200UL, 203UL), (200UL, 300UL), (512UL, 1023UL), (1000UL, 200_000UL) })
        {
            using IovaDomain domain = Domains.Quiet();
            var piece = new IovaRange(first, last);
            domain.Reserve(first, last);
            foreach (ulong pfn in new[] { first, first + 1, (first + last) / 2, last })
            {
                Assert.That(domain.TryFind(pfn, out IovaRange found) ? found : default, Is.EqualTo(piece));
                Assert.That(domain.TryFindNext(pfn, out found) ? found : default, Is.EqualTo(piece));
                Assert.That(domain.Free(pfn), Is.False);
                domain.FreeFast(pfn, last - pfn + 33);
            }

            Assert.That(domain.TryFindNext(0, out IovaRange lowest) ? lowest : default, Is.EqualTo(piece));
            Assert.That(domain.TryFindNext(last + 1, out _), Is.False);
            Assert.That(domain.EnumerateInUse(), Is.EqualTo(new[] { piece }));
            Assert.That(domain.Reserve(first - 10, last + 10).Overlapped, Is.EqualTo(new[] { piece }));
            Assert.That(domain.Free(piece), Is.True);
        }
    }

    [Test]
    public void FreeingAPiece_NeedsNoManagedMemory()
    {
        using IovaDomain domain = Domains.Quiet();
        IovaRange[] pieces = [.. Enumerable.Range(0, 100).Select(i => domain.Reserve(10 + ((ulong)i * 100), 40 + ((ulong)i * 100)).Reserved[0])];
        domain.Free(pieces[^1]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 99; i++)
        {
            domain.Free(pieces[i]);
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(domain.GetStatistics(), Has.Property("ReservedRanges").Zero.And.Property("ReservedUnits").Zero);
        Assert.That(domain.EnumerateInUse(), Is.Empty);
        domain.Reserve(1, 20_000);
        Assert.That(domain.GetStatistics().ReservedRanges, Is.EqualTo(1));
    }
}
