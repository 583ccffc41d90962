using MagAlloc.Tests.Iova.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>What an allocator has to do to behave as iova.c does: the rows about ranges.</summary>
[TestFixture]
public sealed class ConformanceTreeTests
{
    [Test]
    public void Helpers_AreThoseOfTheKernelsHeader([Values(1ul, 4096ul, 65536ul)] ulong granule)
    {
        using IovaDomain domain = new(granule, 1, new IovaDomainOptions { AddressBits = 36 + (Shift(granule) / 4), Reclaim = ReclaimOptions.Manual });
        Assert.Multiple(() =>
        {
            Assert.That(domain.Granule, Is.EqualTo(granule));
            Assert.That(1UL << domain.Shift, Is.EqualTo(granule));
            Assert.That(domain.Mask, Is.EqualTo(granule - 1));
            Assert.That(domain.Offset((7 * granule) + (granule / 3)), Is.EqualTo(granule / 3));
            Assert.That(domain.Align((3 * granule) - (granule / 2)), Is.EqualTo(granule == 1 ? 3 : 3 * granule));
            Assert.That(domain.Align(0), Is.Zero);
            Assert.That(domain.ToPfn((9 * granule) + (granule / 2)), Is.EqualTo(9));
            Assert.That(domain.ToAddress(9), Is.EqualTo(9 * granule));
            Assert.That(domain.ToAddress(new IovaRange(9, 12)), Is.EqualTo(9 * granule));
            Assert.That(new IovaRange(9, 12).Count, Is.EqualTo(4));
            Assert.That((ulong)domain.MaxCachedSize, Is.EqualTo(granule << 5), "iova_rcache_range");
            Assert.That(domain.Dma32LastPfn, Is.EqualTo((1UL << (32 - domain.Shift)) - 1));
        });

        static int Shift(ulong granule) => System.Numerics.BitOperations.Log2(granule);
    }

    [Test]
    public void Limit_IsInclusive_OnEveryPath([Values] bool aligned)
    {
        using IovaDomain domain = Spaces.Quiet();
        foreach (ulong limit in new ulong[] { 1, 31, 32, 63, 511, 512, 513, 32_767, 32_768, Spaces.Last32, Spaces.Last32 + 1, domain.LastPfn, ulong.MaxValue })
        {
            ulong expected = Math.Min(limit, domain.LastPfn);
            IovaRange range = domain.Allocate(1, limit, aligned);
            Assert.That(range.Last, Is.EqualTo(expected), "the limit itself can be had");
            Assert.That(domain.TryAllocateFast(1, limit, true, out ulong pfn), Is.EqualTo(limit != 1));
            Assert.That(pfn, Is.LessThan(expected), "and 0 where there is none");
            domain.Free(range);
            if (limit != 1)
            {
                domain.FreeFast(pfn, 1);
            }

            domain.Flush();
        }
    }

    [Test]
    public void Limit_BelowTheSpace_OrASizeBeyondIt_IsRefused()
    {
        using IovaDomain domain = Spaces.Quiet(start: 1000);
        Assert.That(domain.TryAllocate(1, 999, false, out _), Is.False);
        Assert.That(domain.TryAllocateFast(1, 999, true, out _), Is.False);
        Assert.That(domain.TryAllocate(5, 1003, false, out _), Is.False);
        Assert.That(domain.TryAllocate(4, 1003, false, out IovaRange range), Is.True);
        Assert.That(range, Is.EqualTo(new IovaRange(1000, 1003)));
        Assert.That(() => domain.Allocate(1, 1003, false), Throws.TypeOf<IovaExhaustedException>());
        Assert.That(() => domain.AllocateFast(1, 1003), Throws.TypeOf<IovaExhaustedException>());
    }

    [Test]
    public void Alignment_IsThatOfTheSizeRoundedUp()
    {
        using IovaDomain domain = Spaces.Quiet();
        domain.Reserve(domain.LastPfn - 2, domain.LastPfn);
        for (ulong size = 1; size < 5000; size += 1 + (size / 7))
        {
            IovaRange aligned = domain.Allocate(size, domain.LastPfn, true);
            Assert.That(aligned.First % Spaces.RoundUp(size), Is.Zero, $"{size}");
            Assert.That(aligned.Count, Is.EqualTo(size));
        }
    }

    [Test]
    public void Alignment_WhereNoneWasAskedFor_ARangeMayStartAnywhere()
    {
        using IovaDomain domain = Spaces.Quiet(unitBits: 10, start: 0);
        domain.Reserve(0, 100);
        domain.Reserve(104, 1023);
        Assert.That(domain.TryAllocate(3, 1023, true, out _), Is.False, "101 to 103: no multiple of four");
        Assert.That(domain.Allocate(3, 1023, false), Is.EqualTo(new IovaRange(101, 103)));
    }

    [Test]
    public void Find_AnyPageFrameInsideMatches([Values(1ul, 2ul, 33ul, 512ul, 513ul, 40_000ul, 1_000_003ul)] ulong size)
    {
        using IovaDomain domain = Spaces.Quiet();
        IovaRange range = domain.Allocate(size, 3 * size, false);
        foreach (ulong pfn in new[] { range.First, range.First + (size / 2), range.First + (size / 3), range.Last })
        {
            Assert.That(domain.TryFind(pfn, out IovaRange found), Is.True);
            Assert.That(found, Is.EqualTo(range));
        }

        Assert.That(domain.TryFind(range.First - 1, out _), Is.False);
        Assert.That(domain.TryFind(range.Last + 1, out _), Is.False);

        Assert.That(domain.Free(range.First + (size / 2)), Is.True, "an interior page frame frees the whole range");
        Assert.That(domain.TryFind(range.First, out _), Is.False);
        domain.AssertNothingIsLost();
    }

    [Test]
    public void Free_OfWhatIsNotAllocated_IsAReportedNoOp()
    {
        using IovaDomain domain = Spaces.Quiet();
        IovaRange range = domain.Allocate(10, 0xFFFF, true);
        Assert.That(domain.Free(range.Last + 1), Is.False);
        Assert.That(domain.Free(0), Is.False);
        Assert.That(domain.Free(domain.LastPfn), Is.False);
        Assert.That(domain.Free(ulong.MaxValue), Is.False);
        Assert.That(domain.Free(new IovaRange(range.First, range.Last - 1)), Is.False, "the strict form wants the exact range");
        Assert.That(domain.Free(new IovaRange(range.First + 1, range.Last)), Is.False);
        Assert.That(domain.Free(range), Is.True);
        Assert.That(domain.Free(range), Is.False, "a second time");
        Assert.That(domain.Free(range.First), Is.False);
        domain.AssertNothingIsLost();
    }

    public static readonly object[][] Reservations =
    [
        // first, last, what becomes reserved of it, what it overlaps; 100-199 and 300-399 are in use
        ["disjoint", 220ul, 250ul, (ulong[])[220, 250], Array.Empty<ulong>()],
        ["touching both", 200ul, 299ul, (ulong[])[200, 299], Array.Empty<ulong>()],
        ["inside", 120ul, 150ul, Array.Empty<ulong>(), (ulong[])[100, 199]],
        ["exactly", 100ul, 199ul, Array.Empty<ulong>(), (ulong[])[100, 199]],
        ["covering", 90ul, 210ul, (ulong[])[90, 99, 200, 210], (ulong[])[100, 199]],
        ["below and into", 50ul, 150ul, (ulong[])[50, 99], (ulong[])[100, 199]],
        ["out of and above", 150ul, 250ul, (ulong[])[200, 250], (ulong[])[100, 199]],
        ["spanning two", 50ul, 450ul, (ulong[])[50, 99, 200, 299, 400, 450], (ulong[])[100, 199, 300, 399]],
        ["between two, into both", 150ul, 350ul, (ulong[])[200, 299], (ulong[])[100, 199, 300, 399]],
        ["one page frame", 260ul, 260ul, (ulong[])[260, 260], Array.Empty<ulong>()],
    ];

    [TestCaseSource(nameof(Reservations))]
    public void Reserve_TakesWhatIsFree_AndReportsWhatIsNot(string name, ulong first, ulong last, ulong[] reserved, ulong[] overlapped)
    {
        using IovaDomain domain = Spaces.Quiet(unitBits: 12);
        domain.Reserve(100, 199);
        domain.Reserve(300, 399);

        IovaReservation result = domain.Reserve(first, last);

        Assert.That(result.Reserved, Is.EqualTo(Pairs(reserved)), name);
        Assert.That(result.Overlapped, Is.EqualTo(Pairs(overlapped)), name);
        Assert.That(result.IsComplete, Is.EqualTo(overlapped.Length == 0), name);
        while (domain.TryAllocate(1, domain.LastPfn, true, out IovaRange range))
        {
            Assert.That(range.First >= first && range.First <= last, Is.False, $"{name}: {range} is reserved");
        }

        foreach (IovaRange range in result.Reserved)
        {
            Assert.That(domain.Free(range.First), Is.False, "a page frame does not free a reservation");
            Assert.That(domain.Free(range), Is.True);
        }
    }

    [Test]
    public void Reserve_BeyondTheSpace_IsRefused()
    {
        using IovaDomain domain = Spaces.Quiet(unitBits: 12);
        Assert.That(() => domain.Reserve(5, 4), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => domain.Reserve(5, domain.LastPfn + 1), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => domain.Reserve(ulong.MaxValue, ulong.MaxValue), Throws.InstanceOf<ArgumentException>());
        domain.AssertNothingIsLost();
    }

    [Test]
    public void EnumerateInUse_GivesEveryRangeOnce_LowestFirst()
    {
        using IovaDomain domain = Spaces.Quiet();
        List<IovaRange> expected = [];
        for (ulong size = 1; size < 100_000; size = (size * 3) + 1)
        {
            expected.Add(domain.Allocate(size, domain.LastPfn, true));
            expected.Add(domain.Allocate(size, Spaces.Last32, false));
        }

        expected.AddRange(domain.Reserve(7, 9).Reserved);
        Assert.That(domain.EnumerateInUse(), Is.EqualTo(expected.OrderBy(range => range.First)));
    }

    [Test]
    public void Teardown_WithCachedReservedAndLeakedRanges_Twice()
    {
        IovaDomain domain = Spaces.Quiet();
        domain.Reserve(5, 100);
        domain.Allocate(5000, domain.LastPfn, true);
        domain.AllocateMany(300, 2, Spaces.Last32);
        domain.FreeMany(domain.AllocateMany(1000, 4, Spaces.Last32), 4);
        domain.Dispose();
        domain.Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(() => domain.TryAllocate(1, 100, true, out _), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.TryAllocateFast(1, 100, true, out _), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.FreeFast(1, 1), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.Free(1), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.Reserve(1, 1), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.TryFind(1, out _), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.Tick(), Throws.TypeOf<ObjectDisposedException>());
            Assert.That(() => domain.Flush(), Throws.TypeOf<ObjectDisposedException>());
        });
    }

    private static IEnumerable<IovaRange> Pairs(ulong[] bounds) => bounds.Chunk(2).Select(pair => new IovaRange(pair[0], pair[1]));
}
