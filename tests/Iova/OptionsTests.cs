namespace MagAlloc.Tests.Iova;

[TestFixture]
public sealed class OptionsTests
{
    private static IEnumerable<TestCaseData> Nonsense()
    {
        yield return Case("granule", "0", () => new IovaDomain(0));
        yield return Case("granule", "3", () => new IovaDomain(3));
        yield return Case("granule", "2 GiB", () => new IovaDomain(1UL << 31));
        yield return Case("startPfn", "2^36", () => new IovaDomain(startPfn: 1UL << 36));
        yield return Case("AddressBits", "11", () => With(new() { AddressBits = 11 }));
        yield return Case("AddressBits", "49", () => With(new() { AddressBits = 49 }));
        yield return Case("AddressBits", "48 with granule 1", () => new IovaDomain(1));
        yield return Case("AddressBits", "-1", () => With(new() { AddressBits = -1 }));
        yield return Case("CachedOrders", "0", () => With(new() { CachedOrders = 0 }));
        yield return Case("CachedOrders", "7", () => With(new() { CachedOrders = 7 }));
        yield return Case("Checks", "Full", () => With(new() { Checks = CheckLevel.Full }));
        yield return Case("Reclaim.Policy", "9", () => With(new() { Reclaim = new() { Policy = (ReclaimPolicy)9 } }));
        yield return Case("Reclaim.Interval", "0", () => With(new() { Reclaim = new() { Interval = TimeSpan.Zero } }));
        yield return Case("Reclaim.Threshold", "-2", () => With(new() { Reclaim = new() { Threshold = -2 } }));

        static IovaDomain With(IovaDomainOptions options) => new(4096, 1, options);

        static TestCaseData Case(string name, string value, Func<IovaDomain> make) => new TestCaseData(name, make).SetArgDisplayNames(name, value);
    }

    [TestCaseSource(nameof(Nonsense))]
    public void NonsenseIsRefusedByName(string name, Func<IovaDomain> make)
    {
        ArgumentOutOfRangeException? refusal = Assert.Throws<ArgumentOutOfRangeException>(() => make().Dispose());
        Assert.That(refusal!.ParamName, Is.EqualTo(name));
    }

    [Test]
    public void ANullName_IsRefused()
        => Assert.That(() => new IovaDomain(options: new() { Name = null! }), Throws.TypeOf<ArgumentNullException>());

    [TestCase(1UL, 36)]
    [TestCase(1UL, 1)]
    [TestCase(4096UL, 12)]
    [TestCase(4096UL, 13)]
    [TestCase(4096UL, 32)]
    [TestCase(65536UL, 52)]
    [TestCase(1UL << 28, 64)]
    [TestCase(1UL << 30, 64)]
    public void TheWholeSpaceIsUsable_AndNothingElse(ulong granule, int addressBits)
    {
        using var domain = new IovaDomain(granule, 0, new() { AddressBits = addressBits, Reclaim = ReclaimOptions.Manual });
        ulong units = domain.LastPfn + 1;
        Assert.That(domain.LastPfn * granule, Is.EqualTo((addressBits == 64 ? 0 : 1UL << addressBits) - granule), "the last address, modulo 2^64");

        IovaRange all = domain.Allocate(units, ulong.MaxValue, sizeAligned: true);
        Assert.That(all, Is.EqualTo(new IovaRange(0, domain.LastPfn)));
        Assert.That(domain.TryAllocateFast(1, ulong.MaxValue, true, out _), Is.False);
        Assert.That(domain.TryAllocate(units + 1, ulong.MaxValue, false, out _), Is.False);
        Assert.That(domain.Free(all));
        Assert.That(domain.AllocateFast(1, 0), Is.Zero, "pfn 0 is a pfn like any other");
    }

    [Test]
    public void Geometry()
    {
        using var domain = new IovaDomain(4096, 7);
        Assert.Multiple(() =>
        {
            Assert.That(domain.Granule, Is.EqualTo(4096));
            Assert.That(domain.Shift, Is.EqualTo(12));
            Assert.That(domain.Mask, Is.EqualTo(0xFFF));
            Assert.That(domain.StartPfn, Is.EqualTo(7));
            Assert.That(domain.LastPfn, Is.EqualTo((1UL << 36) - 1));
            Assert.That(domain.Dma32LastPfn, Is.EqualTo(0xFFFFF));
            Assert.That(domain.MaxCachedSize, Is.EqualTo(128 * 1024));
            Assert.That(domain.Offset(0x12345), Is.EqualTo(0x345));
            Assert.That(domain.Align(0), Is.Zero);
            Assert.That(domain.Align(1), Is.EqualTo(4096));
            Assert.That(domain.Align(4096), Is.EqualTo(4096));
            Assert.That(() => domain.Align(ulong.MaxValue), Throws.TypeOf<OverflowException>());
            Assert.That(domain.ToUnits(ulong.MaxValue), Is.EqualTo(1UL << 52));
            Assert.That(domain.ToUnits(4097), Is.EqualTo(2));
            Assert.That(domain.ToPfn(0x12345), Is.EqualTo(0x12));
            Assert.That(domain.ToAddress(0x12), Is.EqualTo(0x12000));
            Assert.That(domain.ToAddress(new IovaRange(0x12, 0x20)), Is.EqualTo(0x12000));
            Assert.That(() => domain.ToAddress(1UL << 36), Throws.TypeOf<ArgumentOutOfRangeException>());
        });
    }

    [TestCase(1UL << 16, 40, 0xFFFFUL)]
    [TestCase(1UL << 30, 64, 3UL)]
    [TestCase(4096UL, 30, (1UL << 18) - 1)]
    public void TheLastPfnBelow4GiB(ulong granule, int addressBits, ulong expected)
    {
        using var domain = new IovaDomain(granule, 0, new() { AddressBits = addressBits, Reclaim = ReclaimOptions.Manual });
        Assert.That(domain.Dma32LastPfn, Is.EqualTo(expected));
    }

    [TestCase(1)]
    [TestCase(3)]
    [TestCase(6)]
    public void CachedOrders_DecideWhatIsRoundedAndCached(int orders)
    {
        using var domain = new IovaDomain(4096, 1, new() { CachedOrders = orders, Reclaim = ReclaimOptions.Manual });
        ulong largest = 1UL << (orders - 1);
        Assert.That(domain.MaxCachedSize, Is.EqualTo(largest * 4096));
        for (ulong size = 1; size <= 40; size++)
        {
            ulong pfn = domain.AllocateFast(size, domain.LastPfn);
            Assert.That(domain.TryFind(pfn, out IovaRange range));
            Assert.That(range.Count, Is.EqualTo(size <= largest ? System.Numerics.BitOperations.RoundUpToPowerOf2(size) : size), $"size {size}");
            Assert.That(pfn % System.Numerics.BitOperations.RoundUpToPowerOf2(size), Is.Zero, "aligned to its size");
            domain.FreeFast(pfn, size);
            Assert.That(domain.TryFind(pfn, out _), Is.EqualTo(size <= largest), "cached ranges stay in use for the tree");
        }

        Domains.BalanceEmpty(domain);
    }
}
