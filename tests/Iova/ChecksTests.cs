namespace MagAlloc.Tests.Iova;

/// <summary>What is found when ranges are misused, with checks and without.</summary>
[TestFixture]
public sealed class ChecksTests
{
    [TestCase(1UL)]
    [TestCase(3UL)]
    [TestCase(32UL)]
    [TestCase(33UL)]
    [TestCase(5000UL)]
    public void ASecondFree_IsRefusedAtOnce(ulong size)
    {
        using IovaDomain domain = Domains.Quiet(checks: CheckLevel.Basic);
        ulong pfn = domain.AllocateFast(size, domain.LastPfn);
        domain.FreeFast(pfn, size);
        IovaMisuseException? refusal = Assert.Throws<IovaMisuseException>(() => domain.FreeFast(pfn, size));
        Assert.That(refusal!.Kind, Is.EqualTo(size <= 32 ? IovaMisuseKind.DoubleFree : IovaMisuseKind.NotAllocated));
        Assert.That(refusal.Report.Pfn, Is.EqualTo(pfn));
        Assert.That(refusal.Report.Size, Is.EqualTo(size));
        Assert.That(refusal.Message, Does.Contain("test"));

        // The range is handed out once only.
        ulong[] again = [.. Enumerable.Range(0, 300).Select(_ => domain.AllocateFast(size, domain.LastPfn))];
        Assert.That(again.Distinct().Count(), Is.EqualTo(again.Length));
        Assert.That(domain.GetStatistics().Misuses, Is.EqualTo(1));
    }

    [TestCase(4UL, 8UL)]
    [TestCase(4UL, 2UL)]
    [TestCase(4UL, 33UL)]
    [TestCase(40UL, 4UL)]
    [TestCase(40UL, 41UL)]
    [TestCase(1UL, 1UL << 40)]
    public void AFreeWithAnotherSize_IsRefused_AndTheRangeStays(ulong size, ulong wrong)
    {
        using IovaDomain domain = Domains.Quiet(checks: CheckLevel.Basic);
        ulong pfn = domain.AllocateFast(size, 0xFFFFF);
        IovaMisuseException? refusal = Assert.Throws<IovaMisuseException>(() => domain.FreeFast(pfn, wrong));
        Assert.That(refusal!.Kind, Is.EqualTo(wrong > domain.LastPfn ? IovaMisuseKind.NotAllocated : IovaMisuseKind.WrongSize));
        Assert.That(domain.TryFind(pfn, out _));
        domain.FreeFast(pfn, size);
        Assert.That(domain.GetStatistics().Misuses, Is.EqualTo(1));
    }

    [Test]
    public void AFreeOfNothing_OfTheInside_AndOfAReservation()
    {
        using IovaDomain domain = Domains.Quiet(checks: CheckLevel.Basic);
        ulong pfn = domain.AllocateFast(8, domain.LastPfn);
        domain.Reserve(64, 71);
        Assert.That(Refusal(() => domain.FreeFast(0x5000, 1)), Is.EqualTo(IovaMisuseKind.NotAllocated));
        Assert.That(Refusal(() => domain.FreeFast(0, 1)), Is.EqualTo(IovaMisuseKind.NotAllocated), "below the start");
        Assert.That(Refusal(() => domain.FreeFast(ulong.MaxValue, 1)), Is.EqualTo(IovaMisuseKind.NotAllocated));
        Assert.That(Refusal(() => domain.FreeFast(pfn + 1, 1)), Is.EqualTo(IovaMisuseKind.NotFirst));
        Assert.That(Refusal(() => domain.FreeFast(64, 8)), Is.EqualTo(IovaMisuseKind.Reserved));
        domain.FreeFast(pfn, 8);
        Assert.That(domain.GetStatistics().Misuses, Is.EqualTo(5));

        static IovaMisuseKind Refusal(Action free) => Assert.Throws<IovaMisuseException>(free)!.Kind;
    }

    [Test]
    public void ACachedRange_IsNotFreedASecondTime_ByTheOtherWay()
    {
        using IovaDomain domain = Domains.Quiet(checks: CheckLevel.Basic);
        ulong pfn = domain.AllocateFast(4, domain.LastPfn);
        domain.FreeFast(pfn, 4);
        Assert.That(domain.TryFind(pfn, out IovaRange range), "in the tree, as in the kernel");
        Assert.That(domain.Free(range), Is.False);
        Assert.That(domain.Free(pfn + 1), Is.False);
        Assert.That(domain.GetStatistics().Misuses, Is.EqualTo(2));
        Assert.That(domain.Flush(), Is.GreaterThan(0));
        Assert.That(domain.TryFind(pfn, out _), Is.False);
    }

    [Test]
    public void BothWaysMix()
    {
        using IovaDomain domain = Domains.Quiet(checks: CheckLevel.Basic);
        IovaRange aligned = domain.Allocate(8, domain.LastPfn, sizeAligned: true);
        domain.FreeFast(aligned.First, 8);
        IovaRange odd = domain.Allocate(3, domain.LastPfn, sizeAligned: true);
        domain.FreeFast(odd.First, 3);
        Assert.That(domain.TryFind(odd.First, out _), Is.False, "three pfns are no range of the cache of four: they went to the tree");
        domain.Reserve(1, 9);
        domain.Reserve(14, 40);
        IovaRange shifted = domain.Allocate(4, 40, sizeAligned: false);
        Assert.That(shifted, Is.EqualTo(new IovaRange(10, 13)), "the only hole, and it is not aligned");
        domain.FreeFast(shifted.First, 4);
        ulong fast = domain.AllocateFast(16, domain.LastPfn);
        Assert.That(domain.Free(new IovaRange(fast, fast + 15)));
        Domains.BalanceEmpty(domain);
    }

    [Test]
    public void WithoutChecks_ASecondFree_IsFoundWhenTheRangeComesHome()
    {
        using IovaDomain domain = Domains.Quiet();
        List<IovaMisuseReport> reports = [];
        domain.MisuseDetected += reports.Add;
        domain.MisuseDetected += _ => throw new InvalidOperationException("swallowed");
        ulong pfn = domain.AllocateFast(1, domain.LastPfn);
        domain.FreeFast(pfn, 1);
        domain.FreeFast(pfn, 1);
        domain.Flush();
        Assert.That(reports, Has.Count.EqualTo(1));
        Assert.That(reports[0].Kind, Is.EqualTo(IovaMisuseKind.NotAllocated));
        Assert.That(domain.GetStatistics().Misuses, Is.EqualTo(1));
        Domains.Balance(domain, 0);
    }

    [Test]
    public void WithoutChecks_WhatIsNotCached_IsCountedAndLeftAlone()
    {
        using IovaDomain domain = Domains.Quiet();
        domain.FreeFast(1000, 100);
        ulong pfn = domain.AllocateFast(100, domain.LastPfn);
        domain.FreeFast(pfn, 200);
        domain.FreeFast(pfn + 1, 1UL << 36);
        Assert.That(domain.TryFind(pfn, out IovaRange range));
        Assert.That(range.Count, Is.EqualTo(100));
        domain.FreeFast(pfn, 100);
        Assert.That(domain.GetStatistics().Misuses, Is.EqualTo(3));
        Domains.Balance(domain, 0);
    }

    [Test]
    public void AHandler_MustNotDispose()
    {
        using IovaDomain domain = Domains.Quiet();
        Exception? refusal = null;
        domain.MisuseDetected += _ => refusal = Assert.Catch(domain.Dispose);
        domain.FreeFast(1000, 100);
        Assert.That(refusal, Is.TypeOf<InvalidOperationException>());
        domain.AllocateFast(1, domain.LastPfn);
    }
}
