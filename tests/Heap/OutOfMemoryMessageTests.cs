using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>An out-of-memory exception names the heap, the limit that bit, and what is allocated, cached and committed.</summary>
[TestFixture]
public sealed unsafe class OutOfMemoryMessageTests
{
    private const string Books = @" Allocated: \d+ bytes, cached: \d+, committed: \d+\.$";

    [Test]
    public void TheByteLimit_IsNamed_WithTheBooks()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 4 * Heaps.MiB);
        void* block = heap.Allocate(2 << 20);
        string message = Message(() => heap.Allocate(3 << 20));

        Assert.That(message, Does.Match(
            @"^test: no memory for a block of 3145728 bytes: the byte limit is 4194304 bytes\. Free something, or raise ByteLimit\. Allocated: 2097152 bytes, cached: \d+, committed: 2\d{6}\.$"));
        Assert.That(Message(() => heap.Allocate(100 << 20)), Does.Contain("the byte limit is 4194304 bytes"), "more than it could ever have");
        Assert.That(Message(() => heap.Reallocate(block, 100 << 20)), Does.Contain("the byte limit is 4194304 bytes"));
        heap.Free(block);
    }

    [Test]
    public void TheByteLimit_IsNamed_ForSmallBlocks()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 2 * Heaps.MiB);
        string message = Message(() =>
        {
            while (true)
            {
                heap.Allocate(500);
            }
        });

        Assert.That(message, Does.StartWith("test: no memory for a block of 500 bytes: the byte limit is 2097152 bytes.").And.Match(Books));
    }

    [Test]
    public void TheReservation_IsNamed()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Name = "narrow", ReservedBytes = 8 << 20, Reclaim = ReclaimOptions.Manual });
        string large = Message(() => heap.Allocate(9 << 20));
        heap.Allocate(5 << 20);
        using (NativeHeap other = Heaps.Quiet(byteLimit: 4 * Heaps.MiB))
        {
            Assert.That(other.TryAllocate(5 << 20, out _), Is.False, "what this thread was refused last is another limit");
        }

        string second = Message(() => heap.Allocate(5 << 20));
        string aligned = Message(() => heap.AllocateAligned(1, 1 << 28));

        foreach (string message in new[] { large, second, aligned })
        {
            Assert.That(message, Does.StartWith("narrow: no memory for a block of ").And.Contain("the reservation of 8388608 bytes").And.Match(Books));
        }
    }

    [Test]
    public void AnInjectedFault_IsNamed()
    {
        FaultPlan plan = FaultPlan.Random(1).At(FaultPoint.Commit);
        plan.Enabled = false;
        using NativeHeap heap = Heaps.Quiet(faults: plan);
        plan.Enabled = true;
        string small = Message(() => heap.Allocate(100)), large = Message(() => heap.Allocate(2 << 20));
        plan.Enabled = false;

        Assert.That(small, Does.Contain("a fault plan made a step fail.").And.Match(Books));
        Assert.That(large, Does.Contain("a fault plan made a step fail.").And.Match(Books));
    }

    [TestCase(CheckLevel.Basic)]
    [TestCase(CheckLevel.Full)]
    public void WithChecks_TheMessageIsTheSame(CheckLevel checks)
    {
        using NativeHeap heap = Heaps.Quiet(checks, byteLimit: 4 * Heaps.MiB);

        Assert.That(Message(() => heap.Allocate(5 << 20)), Does.StartWith("test: no memory for a block of 5242880 bytes: the byte limit is 4194304 bytes.").And.Match(Books));
    }

    [Test]
    public void APool_NamesItsLimitToo()
    {
        using UnmanagedPool<Guid> pool = new(new UnmanagedPoolOptions { Name = "ids", ByteLimit = 1 << 20, Reclaim = ReclaimOptions.Manual });
        string message = Message(() =>
        {
            while (true)
            {
                pool.Rent();
            }
        });

        Assert.That(message, Does.StartWith("ids: no memory for an item of 16 bytes: the byte limit is 1048576 bytes.").And.Match(Books));
    }

    [Test]
    public void AThreadsHandle_NamesItsHeap()
    {
        FaultPlan plan = FaultPlan.Random(1).At(FaultPoint.ThreadCache);
        plan.Enabled = false;
        using NativeHeap heap = Heaps.Quiet(faults: plan);
        plan.Enabled = true;
        string message = "";
        Thread thread = new(() => message = Message(() =>
        {
            using HeapThread handle = heap.OpenThread();
        }));
        thread.Start();
        thread.Join();

        Assert.That(message, Does.StartWith("test: no memory for the thread's cache: a fault plan").And.Match(Books));
    }

    [Test]
    public void TheThreadPools_OwnersOfMemory_SayTheSame()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 4 * Heaps.MiB);
        using NativeMemoryPool pool = new(heap);

        Assert.That(Message(() => pool.Rent(5 << 20)), Does.StartWith("test: no memory for a block of 5242880 bytes: the byte limit"));
    }

    [Test]
    public void ADomain_SaysWhatOfItsSpaceIsTaken()
    {
        using IovaDomain domain = new(4096, 1, new IovaDomainOptions { Name = "device", AddressBits = 20, Reclaim = ReclaimOptions.Manual });
        domain.Reserve(100, 199);
        IovaRange range = domain.Allocate(10, 255, false);

        string message = Assert.Throws<IovaExhaustedException>(() => domain.Allocate(200, 255, false))!.Message;
        Assert.That(message, Does.StartWith("device: no free range of 200 pfns at or below pfn 0xff.").And.Contain("Allocated: 10 pfns, cached: 0, reserved: 100, free: 145; committed: "));

        message = Assert.Throws<IovaExhaustedException>(() => domain.AllocateFast(256, 255))!.Message;
        Assert.That(message, Does.StartWith("device: no free range of 256 pfns"));
        domain.Free(range);
    }

    [Test]
    public void ADomain_NamesAnInjectedFault()
    {
        FaultPlan plan = FaultPlan.Random(1).At(FaultPoint.RangeClaim);
        plan.Enabled = false;
        using IovaDomain domain = new(4096, 1, new IovaDomainOptions { Name = "device", Reclaim = ReclaimOptions.Manual, Faults = plan });
        plan.Enabled = true;

        string message = Assert.Throws<IovaExhaustedException>(() => domain.Allocate(1, 255, false))!.Message;
        Assert.That(message, Does.Contain("a fault plan made a step fail"));
    }

    private static string Message(Action action) => Assert.Throws<OutOfMemoryException>(() => action())!.Message;
}
