using System.Runtime.Versioning;
using MagAlloc.Events;
using MagAlloc.Platform;
using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>What the machine and its control groups have not got is refused, by whichever call, before the system ends the process for it.</summary>
[TestFixture]
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed unsafe class MachineMemoryTests
{
    private const long MiB = Heaps.MiB;

    // More than this machine has, and less than a heap reserves.
    private static nuint Absurd => (nuint)Math.Min(SystemMemory.Instance.Look().Bytes * 2, 250 * Heaps.GiB);

    [Test]
    public void MoreThanTheMachineHas_IsRefused_ByEveryCall_AndCostsNothing()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Name = "large", Reclaim = ReclaimOptions.Manual });
        nuint absurd = Absurd;
        long claimed = CommitBudget.Instance.Claimed;
        void* small = heap.Allocate(100);
        void* run = heap.Allocate(2 << 20);
        long committed = heap.GetStatistics().CommittedBytes;

        string message = Assert.Throws<OutOfMemoryException>(() => heap.Allocate(absurd))!.Message;
        Assert.That(message, Does.StartWith($"large: no memory for a block of {absurd} bytes: ").And.Contain(" left").Or.Contain(" leaves "));
        Assert.Throws<OutOfMemoryException>(() => heap.AllocateZeroed(absurd));
        Assert.Throws<OutOfMemoryException>(() => heap.AllocateAligned(absurd, 1 << 20));
        Assert.Throws<OutOfMemoryException>(() => heap.Reallocate(small, absurd));
        Assert.Throws<OutOfMemoryException>(() => heap.Reallocate(run, absurd));
        Assert.That(heap.TryAllocate(absurd, out void* none), Is.False);
        Assert.That((ulong)none, Is.Zero);

        HeapStatistics books = heap.GetStatistics();
        Assert.That(books.CommittedBytes, Is.LessThanOrEqualTo(committed + MiB), "no metadata of what was refused");
        Assert.That(books.OutOfMemoryFlushes, Is.GreaterThanOrEqualTo(6), "what is cached goes first");
        Assert.That(CommitBudget.Instance.Claimed, Is.EqualTo(claimed));
        heap.Free(small);
        heap.Free(run);
    }

    [Test]
    public void TwoHeaps_CannotHaveTheSameMemory()
    {
        using FakeMachine machine = new(available: 1000);
        using NativeHeap first = Make(machine), second = Make(machine);
        void* block = first.Allocate(600 << 20);

        Assert.Throws<OutOfMemoryException>(() => second.Allocate(600 << 20));
        first.Free(block);
        Assert.Throws<OutOfMemoryException>(() => second.Allocate(600 << 20), "kept for reuse, and still the first one's");
        first.Trim();
        second.Free(second.Allocate(600 << 20));
    }

    [Test]
    public void ADisposedHeap_ClaimsNothing()
    {
        using FakeMachine machine = new(available: 1000);
        for (int i = 0; i < 5; i++)
        {
            using NativeHeap heap = Make(machine);
            heap.Allocate(600 << 20);
            Assert.That(machine.Budget.Claimed, Is.GreaterThan(500 * MiB));
        }

        Assert.That(machine.Budget.Claimed, Is.Zero);
    }

    [Test]
    public void GrowthBySmallBlocks_IsRefused_AndWhatIsFreeInTheHeapIsNot()
    {
        using FakeMachine machine = new(available: 64);
        using NativeHeap heap = Make(machine);
        List<nint> blocks = [];
        while (heap.TryAllocate(10_000, out void* block))
        {
            blocks.Add((nint)block);
            Assert.That(blocks, Has.Count.LessThan(20_000));
        }

        Assert.That(heap.GetStatistics().CommittedBytes, Is.InRange(60 * MiB, 72 * MiB));
        heap.Free((void*)blocks[0]);
        Assert.That(heap.TryAllocate(10_000, out void* again), Is.True, "it is there already");
        machine.SetAvailable(128);
        Assert.That(heap.TryAllocate(10_000, out _), Is.True, "the machine has more again");
        _ = again;
    }

    [Test]
    public void InPlaceGrowth_IsRefused_AndTheBlockStaysWhatItWas()
    {
        using FakeMachine machine = new(available: 64);
        using NativeHeap heap = Make(machine);
        void* block = heap.Allocate(40 << 20);
        *(byte*)block = 7;

        Assert.Throws<OutOfMemoryException>(() => heap.Reallocate(block, 200 << 20));
        Assert.That(heap.UsableSize(block), Is.EqualTo((nuint)(40 << 20)));
        Assert.That(*(byte*)block, Is.EqualTo(7));
        heap.Free(block);
    }

    [Test]
    public void APool_IsHeldToTheMachine_AndSaysSo()
    {
        using FakeMachine machine = new(available: 32, total: 2048);
        using UnmanagedPool<Page> pool = new(new UnmanagedPoolOptions { Name = "pages", Reclaim = ReclaimOptions.Manual, Budget = machine.Budget });
        int rented = 0;
        string message = Assert.Throws<OutOfMemoryException>(() =>
        {
            for (; rented < 100_000; rented++)
            {
                pool.Rent();
            }
        })!.Message;

        Assert.That(rented, Is.InRange(7000, 11_000));
        Assert.That(message, Does.StartWith("pages: no memory for an item of 4096 bytes: the machine has ")
            .And.Contain(" of its 2147483648 bytes left (MemAvailable and SwapFree). Allocated: ").And.Contain("committed: "));
    }

    [Test]
    public void InARealControlGroup_TheGroupIsNamed_AndTheDefaultLimitIsItsShare()
    {
        using MemoryGroup group = MemoryGroup.Require(instead: "the tests of this fixture with imitated groups");
        group.Limit(512 * MiB);
        group.Add(Environment.ProcessId);

        using NativeHeap heap = new(new NativeHeapOptions { Name = "boxed", Reclaim = ReclaimOptions.Manual });
        string message = Assert.Throws<OutOfMemoryException>(() => heap.Allocate(1 << 30))!.Message;
        Assert.That(message, Does.Contain("memory.").And.Contain("of the control group /magalloc-test-").And.Contain($"of its {512 * MiB} bytes"));
        Assert.Throws<OutOfMemoryException>(() => heap.AllocateZeroed(1 << 30));
        heap.Free(heap.Allocate(200 << 20));

        using NativeHeap half = new(new NativeHeapOptions { ContainerFraction = 0.5, Reclaim = ReclaimOptions.Manual });
        Assert.That(half.ByteLimit, Is.EqualTo(256 * MiB));
    }

    /// <summary>Touches what it gets, by small blocks and large ones, until it is refused: without the refusal the kernel ends the process.</summary>
    [TestCase(10_000)]
    [TestCase(20 << 20)]
    public void InARealControlGroup_AProgramThatTakesAllIsRefused_AndLives(int size)
    {
        using MemoryGroup group = MemoryGroup.Require(instead: "the tests of this fixture with imitated groups");
        group.Limit(512 * MiB);
        group.Add(Environment.ProcessId);

        using NativeHeap heap = new(new NativeHeapOptions { Name = "boxed", Reclaim = ReclaimOptions.Manual });
        long taken = 0;
        while (heap.TryAllocate((nuint)size, out void* block))
        {
            new Span<byte>(block, size).Fill(1);
            taken += size;
            Assert.That(taken, Is.LessThan(512 * MiB));
        }

        Assert.That(taken, Is.GreaterThan(300 * MiB), "most of it can be had");
    }

    [TestCase(0.5, long.MaxValue, 512)]
    [TestCase(1, long.MaxValue, 1024)]
    [TestCase(0.5, 100 << 20, 100)]
    [TestCase(1e-9, long.MaxValue, 1)]
    [TestCase(0, 200 << 20, 200)]
    public void AShareOfTheContainer_IsTheByteLimit(double fraction, long byteLimit, long expected)
    {
        using FakeMachine machine = new(available: 4000, total: 8000);
        machine.Place("0::/app\n", "30 22 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw");
        machine.Group2("sys/fs/cgroup/app", FakeMachine.Text(1024 * MiB), 0);
        using NativeHeap heap = new(new NativeHeapOptions
        {
            ContainerFraction = fraction,
            ByteLimit = byteLimit,
            ReservedBytes = 2L * Heaps.GiB,
            Reclaim = ReclaimOptions.Manual,
            Budget = machine.Budget,
        });

        Assert.That(heap.ByteLimit, Is.EqualTo(expected * MiB));

        // Beyond the whole limit, so nothing is taken: who is refused reads which option to change.
        OutOfMemoryException refused = Assert.Throws<OutOfMemoryException>(() => heap.Allocate((nuint)(expected * MiB) + 1))!;
        Assert.That(refused.Message, Does.Contain(expected * MiB == byteLimit ? "raise ByteLimit" : "raise ContainerFraction"));
    }

    [TestCase(-0.1)]
    [TestCase(1.01)]
    [TestCase(double.NaN)]
    public void AShareOutOfRange_IsRefused(double fraction)
    {
        Assert.That(() => new NativeHeap(new NativeHeapOptions { ContainerFraction = fraction }), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => new UnmanagedPool<int>(new UnmanagedPoolOptions { ContainerFraction = fraction }),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("ContainerFraction must be from 0"));
    }

    [Test]
    public void TheRuntimesConfiguration_SetsTheShareOfHeapsThatSetNone()
    {
        using FakeMachine machine = new(available: 4000, total: 8000);
        try
        {
            AppContext.SetData("MagAlloc.HeapLimitPercent", "25");
            Assert.That(Limit(new NativeHeapOptions { Budget = machine.Budget }), Is.EqualTo(2000 * MiB));
            Assert.That(Limit(new NativeHeapOptions { Budget = machine.Budget, ContainerFraction = 0.5 }), Is.EqualTo(4000 * MiB));
            Assert.That(Limit(new NativeHeapOptions { Budget = machine.Budget, ByteLimit = 3000 * MiB }), Is.EqualTo(3000 * MiB));

            AppContext.SetData("MagAlloc.HeapLimitPercent", "all");
            Assert.That(() => Limit(new NativeHeapOptions { Budget = machine.Budget }), Throws.InvalidOperationException.With.Message.Contains("MagAlloc.HeapLimitPercent"));
        }
        finally
        {
            AppContext.SetData("MagAlloc.HeapLimitPercent", null);
        }

        static long Limit(NativeHeapOptions options)
        {
            using NativeHeap heap = new(options);
            return heap.ByteLimit;
        }
    }

    private static NativeHeap Make(FakeMachine machine) => new(new NativeHeapOptions
    {
        Name = "test",
        ReservedBytes = 8 * Heaps.GiB,
        Reclaim = ReclaimOptions.Manual,
        Budget = machine.Budget,
    });

    private struct Page
    {
#pragma warning disable CS0169
        private fixed byte _bytes[4096];
#pragma warning restore CS0169
    }
}
