using System.Runtime.CompilerServices;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Misuse;

/// <summary>Leaks and stacks. Full only.</summary>
[TestFixture]
public sealed unsafe class LeakReportTests
{
    [Test]
    public void LiveBlocksAtDispose_AreReportedWithTheirStacks()
    {
        NativeHeap heap = Heaps.Quiet(CheckLevel.Full);
        List<LeakReport> reports = [];
        heap.LeaksDetected += reports.Add;
        nint small = LeakOne(heap, 100);
        nint large = LeakOne(heap, 200_000);
        heap.Free(heap.Allocate(64));

        heap.Dispose();

        Assert.That(reports, Has.Count.EqualTo(1));
        LeakReport report = reports[0];
        Assert.That(report.HeapName, Is.EqualTo("test"));
        Assert.That(report.Blocks, Is.EqualTo(2));
        Assert.That(report.Bytes, Is.GreaterThanOrEqualTo(200_100).And.LessThan(300_000));
        Assert.That(report.Samples.Select(s => s.Address), Is.EquivalentTo(new[] { (nuint)small, (nuint)large }));
        foreach (LeakedBlock sample in report.Samples)
        {
            Assert.That(sample.AllocationStack, Does.Contain(nameof(LeakOne)));
            Assert.That(sample.AllocationStack, Does.Contain(nameof(LiveBlocksAtDispose_AreReportedWithTheirStacks)));
            Assert.That(sample.ThreadId, Is.EqualTo(Environment.CurrentManagedThreadId));
            Assert.That(sample.Bytes, Is.GreaterThanOrEqualTo(sample.Address == (nuint)small ? 100 : 200_000));
        }

        string text = report.ToString()!;
        Assert.That(text, Does.Contain("test").And.Contain("2").And.Contain(nameof(LeakOne)));
    }

    [Test]
    public void ManyLeaks_AreCountedExactly_AndSampled()
    {
        NativeHeap heap = Heaps.Quiet(CheckLevel.Full);
        LeakReport? report = null;
        heap.LeaksDetected += r => report = r;
        nint[] blocks = new nint[5000];
        heap.AllocateMany(100, blocks);
        heap.FreeMany(blocks.AsSpan(0, 1000));
        heap.Dispose();

        Assert.That(report, Is.Not.Null);
        Assert.That(report!.Blocks, Is.EqualTo(4000));
        Assert.That(report.Samples, Is.Not.Empty);
        Assert.That(report.Samples.Count, Is.LessThanOrEqualTo(4000));
        HashSet<nuint> leaked = [.. blocks.Skip(1000).Select(b => (nuint)b)];
        Assert.That(report.Samples.All(s => leaked.Contains(s.Address)), Is.True);
    }

    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void NoLeak_NoReport(CheckLevel checks)
    {
        NativeHeap heap = Heaps.Quiet(checks);
        int reports = 0;
        heap.LeaksDetected += _ => reports++;
        nint[] blocks = new nint[1000];
        heap.AllocateMany(100, blocks);
        heap.FreeMany(blocks);
        heap.Free(heap.Allocate(200_000));
        heap.Free(heap.AllocateAligned(100, 4096));
        Crew.RunOne(() => heap.Free(heap.Allocate(64)));
        heap.Dispose();
        Assert.That(reports, Is.Zero);
    }

    [TestCase(CheckLevel.None)]
    [TestCase(CheckLevel.Basic)]
    public void WithoutFullChecks_LeaksAreNotReported(CheckLevel checks)
    {
        NativeHeap heap = Heaps.Quiet(checks);
        int reports = 0;
        heap.LeaksDetected += _ => reports++;
        heap.Allocate(64);
        heap.Dispose();
        Assert.That(reports, Is.Zero);
    }

    [Test]
    public void ALeakOfADeadThread_NamesItsThread()
    {
        NativeHeap heap = Heaps.Quiet(CheckLevel.Full);
        LeakReport? report = null;
        heap.LeaksDetected += r => report = r;
        int thread = 0;
        Crew.RunOne(() =>
        {
            thread = Environment.CurrentManagedThreadId;
            LeakOne(heap, 100);
        });
        heap.Dispose();
        Assert.That(report, Is.Not.Null);
        Assert.That(report!.Samples.Single().ThreadId, Is.EqualTo(thread));
    }

    [Test]
    public void Reallocated_Zeroed_AlignedAndTriedBlocks_HaveStacksToo()
    {
        NativeHeap heap = Heaps.Quiet(CheckLevel.Full);
        LeakReport? report = null;
        heap.LeaksDetected += r => report = r;
        heap.Reallocate(heap.Allocate(10), 1000);
        heap.AllocateZeroed(20);
        heap.AllocateAligned(30, 256);
        heap.TryAllocate(40, out _);
        heap.AllocateMany(50, new nint[2]);
        using (HeapThread handle = heap.OpenThread())
        {
            handle.Allocate(60);
        }

        heap.Dispose();
        Assert.That(report, Is.Not.Null);
        Assert.That(report!.Blocks, Is.EqualTo(7));
        foreach (LeakedBlock sample in report.Samples)
        {
            Assert.That(sample.AllocationStack, Does.Contain(nameof(Reallocated_Zeroed_AlignedAndTriedBlocks_HaveStacksToo)));
        }
    }

    [Test]
    public void DoubleFree_IsReportedWithBothStacks()
    {
        using Caught caught = new(CheckLevel.Full);
        nint block = LeakOne(caught.Heap, 64);
        FreeOnce(caught.Heap, block);
        MisuseReport report = caught.Offence(heap => heap.Free((void*)block), MisuseKind.DoubleFree);
        Assert.That(report.AllocationStack, Does.Contain(nameof(LeakOne)));
        Assert.That(report.FreeStack, Does.Contain(nameof(FreeOnce)));
    }

    [Test]
    public void RedZone_IsReportedWithTheAllocationStack()
    {
        using Caught caught = new(CheckLevel.Full);
        nint block = LeakOne(caught.Heap, 64);
        ((byte*)block)[64] ^= 0x41;
        MisuseReport report = caught.Offence(heap => heap.Free((void*)block), MisuseKind.RedZone);
        Assert.That(report.AllocationStack, Does.Contain(nameof(LeakOne)));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint LeakOne(NativeHeap heap, nuint size) => (nint)heap.Allocate(size) + 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FreeOnce(NativeHeap heap, nint block)
    {
        heap.Free((void*)block);
        GC.KeepAlive(heap); // no tail call: the method has to be on the stack
    }
}
