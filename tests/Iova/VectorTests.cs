using MagAlloc.Tests.Iova.Support;

namespace MagAlloc.Tests.Iova;

/// <summary>
/// Worked vectors: what the kernel's code gives, step by step, with granule 4096, lowest page frame 1. Where the kernel's next-fit cursor
/// places a range elsewhere than the documented highest-fit rule, the kernel's place is named beside ours.
/// </summary>
[TestFixture]
public sealed class VectorTests
{
    [Test]
    public void Vector1_Limit0xFFFF_FourSizes()
    {
        using IovaDomain domain = Spaces.Quiet();

        Assert.That(domain.Allocate(1, 0xFFFF, true), Is.EqualTo(new IovaRange(0xFFFF, 0xFFFF)));
        Assert.That(domain.Allocate(4, 0xFFFF, true), Is.EqualTo(new IovaRange(0xFFF8, 0xFFFB)));

        // Kernel: 0xFFF6-0xFFF7, for its search starts below the last allocation. Highest fit: the hole above it.
        Assert.That(domain.Allocate(2, 0xFFFF, true), Is.EqualTo(new IovaRange(0xFFFC, 0xFFFD)));

        // Kernel: 0xFFF0-0xFFF2. Highest fit: the aligned block of four below the one in use.
        Assert.That(domain.Allocate(3, 0xFFFF, true), Is.EqualTo(new IovaRange(0xFFF4, 0xFFF6)));
    }

    [Test]
    public void Vector2_AFreedHole_IsUsedAgain()
    {
        using IovaDomain domain = Spaces.Quiet();
        foreach (ulong size in new ulong[] { 1, 4, 2, 3 })
        {
            domain.Allocate(size, 0xFFFF, true);
        }

        Assert.That(domain.Free(0xFFFF), Is.True);
        Assert.That(domain.Allocate(1, 0xFFFF, true), Is.EqualTo(new IovaRange(0xFFFF, 0xFFFF)));

        // Kernel: 0xFFFC-0xFFFE, because nothing had gone into that hole. What counts: in the limit, and nobody else's.
        IovaRange three = domain.Allocate(3, 0xFFFF, false);
        Assert.That(three.Count, Is.EqualTo(3));
        Assert.That(three.Last, Is.LessThanOrEqualTo(0xFFFF));
        Assert.That(domain.EnumerateInUse().Sum(range => (long)range.Count), Is.EqualTo(1 + 4 + 2 + 3 + 3), "disjoint from all others");
    }

    [Test]
    public void Vector2_TheKernelsOwnState_HasItsHoleFilled_WhereNothingElseIsLeft()
    {
        // The state that the kernel reaches in vector 1, made by reservations: the hole is where the kernel finds it. The rule
        // prefers a wholly free block of four to a hole of three, so all such blocks are taken first.
        using IovaDomain domain = Spaces.Quiet();
        domain.Reserve(domain.StartPfn, 0xFFF2);
        domain.Reserve(0xFFF3, 0xFFFB);

        Assert.That(domain.Allocate(1, 0xFFFF, true), Is.EqualTo(new IovaRange(0xFFFF, 0xFFFF)));
        Assert.That(domain.Allocate(3, 0xFFFF, false), Is.EqualTo(new IovaRange(0xFFFC, 0xFFFE)));
    }

    [Test]
    public void Vector3_TheWholeSpaceAsLimit()
    {
        using IovaDomain domain = Spaces.Quiet();
        ulong limit = (1UL << 36) - 1;

        Assert.That(domain.Allocate(1, limit, true), Is.EqualTo(new IovaRange(0xF_FFFF_FFFF, 0xF_FFFF_FFFF)));
        Assert.That(domain.Allocate(4, limit, true), Is.EqualTo(new IovaRange(0xF_FFFF_FFF8, 0xF_FFFF_FFFB)));

        // Kernel: 0xF_FFFF_FFF6-7 (next fit).
        Assert.That(domain.Allocate(2, limit, true), Is.EqualTo(new IovaRange(0xF_FFFF_FFFC, 0xF_FFFF_FFFD)));
    }

    [Test]
    public void Vector4_ATightLimit_IsUsedUpToTheLastPageFrame()
    {
        using IovaDomain domain = Spaces.Quiet();

        Assert.That(domain.Allocate(4, 8, true), Is.EqualTo(new IovaRange(4, 7)));
        Assert.That(domain.Allocate(2, 8, true), Is.EqualTo(new IovaRange(2, 3)));

        // Kernel: 1, and 8 only in its second pass. Highest fit: 8 first.
        Assert.That(domain.Allocate(1, 8, true), Is.EqualTo(new IovaRange(8, 8)));
        Assert.That(domain.Allocate(1, 8, true), Is.EqualTo(new IovaRange(1, 1)));
        Assert.That(domain.TryAllocate(1, 8, true, out _), Is.False);
        Assert.That(() => domain.Allocate(1, 8, true), Throws.TypeOf<IovaExhaustedException>());
    }

    [Test]
    public void Vector5_AFailureUnderATightLimit_DoesNotSpoilAWiderOne()
    {
        using IovaDomain domain = Spaces.Quiet();
        foreach (ulong size in new ulong[] { 4, 2, 1, 1 })
        {
            domain.Allocate(size, 8, true);
        }

        Assert.That(domain.TryAllocate(1, 8, true, out _), Is.False, "the premise");

        // Kernel: fails although the space is free (W9).
        Assert.That(domain.Allocate(1, 0xFFFF, true), Is.EqualTo(new IovaRange(0xFFFF, 0xFFFF)));
    }

    [Test]
    public void TheFastCalls_GiveValidAnswersToAllVectors()
    {
        using IovaDomain domain = Spaces.Quiet();
        HashSet<ulong> taken = [];
        foreach ((ulong limit, ulong[] sizes) in new (ulong, ulong[])[] { (0xFFFF, [1, 4, 2, 3]), ((1UL << 36) - 1, [1, 4, 2]), (8, [4, 2, 1, 1]) })
        {
            foreach (ulong size in sizes)
            {
                ulong units = Spaces.FastUnits(size);
                ulong pfn = domain.AllocateFast(size, limit);
                Assert.That(pfn + units - 1, Is.LessThanOrEqualTo(limit));
                Assert.That(pfn % units, Is.Zero);
                for (ulong i = 0; i < units; i++)
                {
                    Assert.That(taken.Add(pfn + i), Is.True, $"{pfn + i} was handed out twice");
                }
            }
        }

        Assert.That(domain.TryAllocateFast(1, 8, true, out _), Is.False);
        Assert.That(domain.TryAllocateFast(1, 0xFFFF, true, out _), Is.True);
    }
}
