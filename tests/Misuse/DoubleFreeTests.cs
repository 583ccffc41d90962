using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Misuse;

/// <summary>Caught by: Basic and Full at once; None when the block reaches its slab a second time.</summary>
[TestFixture(CheckLevel.Basic, 8)]
[TestFixture(CheckLevel.Basic, 4096)]
[TestFixture(CheckLevel.Basic, 262_144)]
[TestFixture(CheckLevel.Basic, 1_200_000)]
[TestFixture(CheckLevel.Full, 8)]
[TestFixture(CheckLevel.Full, 4096)]
[TestFixture(CheckLevel.Full, 262_144)]
[TestFixture(CheckLevel.Full, 1_200_000)]
public sealed unsafe class DoubleFreeTests(CheckLevel checks, int size)
{
    // A large block's second free finds no block at all at that address.
    private readonly MisuseKind[] _kinds = size > 50_000 ? [MisuseKind.DoubleFree, MisuseKind.ForeignPointer] : [MisuseKind.DoubleFree];

    private nuint Size => (nuint)size;

    [Test]
    public void Immediate()
    {
        using Caught caught = new(checks);
        void* block = caught.Heap.Allocate(Size);
        caught.Heap.Free(block);

        MisuseReport report = caught.Offence(heap => heap.Free(block), _kinds);

        Assert.That(report.Address, Is.EqualTo((nuint)block));
        caught.StillUsable();
    }

    [Test]
    public void Immediate_Sized()
    {
        using Caught caught = new(checks);
        void* block = caught.Heap.Allocate(Size);
        caught.Heap.FreeSized(block, Size);
        caught.Offence(heap => heap.FreeSized(block, Size), _kinds);
        caught.StillUsable();
    }

    [Test]
    public void ThroughTheHandle()
    {
        using Caught caught = new(checks);
        void* block = caught.Heap.Allocate(Size);
        caught.Heap.Free(block);
        caught.Offence(
            heap =>
            {
                using HeapThread handle = heap.OpenThread();
                handle.Free(block);
            },
            _kinds);
        caught.StillUsable();
    }

    [Test]
    public void Interleaved_P_Q_P()
    {
        using Caught caught = new(checks);
        void* p = caught.Heap.Allocate(Size);
        void* q = caught.Heap.Allocate(Size);
        caught.Heap.Free(p);
        caught.Heap.Free(q);
        MisuseReport report = caught.Offence(heap => heap.Free(p), _kinds);
        Assert.That(report.Address, Is.EqualTo((nuint)p));
        caught.StillUsable();
    }

    [Test]
    public void AfterThousandPairs()
    {
        using Caught caught = new(checks);
        void* p = caught.Heap.Allocate(Size);
        void* q = caught.Heap.Allocate(Size);
        caught.Heap.Free(p);
        int reused = 0;
        for (int i = 0; i < 1024; i++)
        {
            void* other = caught.Heap.Allocate(Size);
            reused += other == p ? 1 : 0;
            caught.Heap.Free(other);
        }

        caught.Offence(heap => heap.Free(p), _kinds);
        TestContext.Out.WriteLine($"the block was reused {reused} times in between");
        caught.Heap.Free(q);
        caught.StillUsable();
    }

    [Test]
    public void AfterOneReuse_TheThirdFreeIsCaught()
    {
        // p freed, q allocated (perhaps at p), p freed, q freed: with q at p the second free is legal, the third is not.
        using Caught caught = new(checks);
        void* p = caught.Heap.Allocate(Size);
        caught.Heap.Free(p);
        void* q = caught.Heap.Allocate(Size);
        caught.Offence(
            heap =>
            {
                heap.Free(p);
                heap.Free(q);
            },
            _kinds);
        caught.StillUsable();
    }

    [Test]
    public void AfterTrim()
    {
        using Caught caught = new(checks);
        void* p = caught.Heap.Allocate(Size);
        void* anchor = caught.Heap.Allocate(Size);
        caught.Heap.Free(p);
        caught.Heap.Trim();
        caught.Offence(heap => heap.Free(p), _kinds);
        caught.Heap.Free(anchor);
        caught.StillUsable();
    }

    [Test]
    public void AfterTrim_WhenTheWholeSlabIsGone()
    {
        using Caught caught = new(checks);
        void* p = caught.Heap.Allocate(Size);
        caught.Heap.Free(p);
        caught.Heap.Trim();
        caught.Offence(heap => heap.Free(p), MisuseKind.DoubleFree, MisuseKind.ForeignPointer);
        caught.StillUsable();
    }

    [Test]
    public void ByAnotherThread()
    {
        using Caught caught = new(checks);
        void* p = caught.Heap.Allocate(Size);
        Heap.Support.Crew.RunOne(() => caught.Heap.Free(p));
        caught.Offence(heap => heap.Free(p), _kinds);
        caught.StillUsable();
    }

    [Test]
    public void TwoThreadsAtOnce_OneOfThemIsTold()
    {
        using Caught caught = new(checks);
        for (int i = 0; i < 100; i++)
        {
            nint block = (nint)caught.Heap.Allocate(Size);
            int told = 0;
            Heap.Support.Crew.Run(2, _ =>
            {
                try
                {
                    caught.Heap.Free((void*)block);
                }
                catch (HeapMisuseException)
                {
                    Interlocked.Increment(ref told);
                }
            });
            Assert.That(told, Is.EqualTo(1), $"round {i}");
        }

        Assert.That(caught.Heap.GetStatistics().Misuses, Is.EqualTo(100));
        Assert.That(caught.Heap.GetStatistics().LiveBlocks(), Is.Zero);
        caught.StillUsable();
    }

    [Test]
    public void OfAnAlignedBlock()
    {
        using Caught caught = new(checks);
        void* block = caught.Heap.AllocateAligned(Size, 1024);
        caught.Heap.Free(block);
        caught.Offence(heap => heap.Free(block), _kinds);
        caught.StillUsable();
    }

    [Test]
    public void ByReallocate()
    {
        using Caught caught = new(checks);
        void* block = caught.Heap.Allocate(Size);
        caught.Heap.Free(block);
        caught.Offence(heap => heap.Reallocate(block, Size * 2), _kinds);
        caught.StillUsable();
    }
}
