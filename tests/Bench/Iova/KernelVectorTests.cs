using MagAlloc.Bench.Iova.Kernel;

namespace MagAlloc.Tests.Bench.Iova;

/// <summary>The model against the worked examples of the reference: a comparison with another algorithm would tell nothing.</summary>
public sealed class KernelVectorTests
{
    private const ulong Nowhere = 0;

    [Test]
    public void AFreshLowWindow_IsFilledDownwards_AndAFreeMovesTheCursorUp()
    {
        using KernelIovaDomain domain = NewDomain();

        Assert.That(First(domain, 1, 0xFFFF), Is.EqualTo(0xFFFF));
        Assert.That(First(domain, 4, 0xFFFF), Is.EqualTo(0xFFF8));
        Assert.That(First(domain, 2, 0xFFFF), Is.EqualTo(0xFFF6));
        Assert.That(First(domain, 3, 0xFFFF), Is.EqualTo(0xFFF0));
        Assert.That(domain.Free(0xFFFF), Is.True);
        Assert.That(First(domain, 1, 0xFFFF), Is.EqualTo(0xFFFF));
        Assert.That(First(domain, 3, 0xFFFF, aligned: false), Is.EqualTo(0xFFFC));
    }

    [Test]
    public void AHighWindow_IsFilledDownwards()
    {
        using KernelIovaDomain domain = NewDomain();
        const ulong Limit = (1UL << 36) - 1;

        Assert.That(First(domain, 1, Limit), Is.EqualTo(0xFFFFFFFFF));
        Assert.That(First(domain, 4, Limit), Is.EqualTo(0xFFFFFFFF8));
        Assert.That(First(domain, 2, Limit), Is.EqualTo(0xFFFFFFFF6));
    }

    [Test]
    public void ASecondPassFindsTheHole_AndAFailureUnderATightLimitLastsUntilAFree()
    {
        using KernelIovaDomain domain = NewDomain();

        Assert.That(First(domain, 4, 8), Is.EqualTo(4));
        Assert.That(First(domain, 2, 8), Is.EqualTo(2));
        Assert.That(First(domain, 1, 8), Is.EqualTo(1));
        Assert.That(First(domain, 1, 8), Is.EqualTo(8), "by the second pass");
        Assert.That(First(domain, 1, 8), Is.EqualTo(Nowhere));
        Assert.That(First(domain, 1, 0xFFFF), Is.EqualTo(Nowhere), "weakness W9 of the kernel");
        Assert.That(domain.Free(8), Is.True);
        Assert.That(First(domain, 1, 0xFFFF), Is.Not.EqualTo(Nowhere));
    }

    [Test]
    public void AnyPfnOfARangeFreesIt_AndAnUnknownOneNothing()
    {
        using KernelIovaDomain domain = NewDomain();
        ulong first = First(domain, 8, 0xFFFF);

        Assert.That(domain.Free(first - 1), Is.False);
        Assert.That(domain.Free(ulong.MaxValue), Is.False, "the anchor is no range");
        Assert.That(domain.Free(first + 5), Is.True);
        Assert.That(domain.Count, Is.Zero);
    }

    private static KernelIovaDomain NewDomain() => new(granule: 4096, startPfn: 1, processors: 1, worker: false);

    private static ulong First(KernelIovaDomain domain, ulong size, ulong limit, bool aligned = true) =>
        domain.TryAllocate(size, limit, aligned, out (ulong First, ulong Last) range) ? range.First : Nowhere;
}
