using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Contenders.Timed;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Tests.Bench.Measurement;

/// <summary>Every allocation of a timed pass is recorded, whoever makes it, and nothing else.</summary>
public sealed class TimedSessionTests
{
    private const int Slices = 3;

    [TestCase("magalloc", 1)]
    [TestCase("magalloc-handle", 2)]
    [TestCase("native-memory", 2)]
    [TestCase("array-pool", 2)]
    [TestCase("magalloc-pool", 1)]
    public void Pass_RecordsEachAllocation(string name, int threads)
    {
        using Contender contender = ContenderCatalog.All.Single(c => c.Name == name).Create();
        using Workload workload = WorkloadCatalog.All.Single(w => w.Name == "batch-256").Create(threads);
        using LaneTeam team = new(threads);
        LatencyBook book = new();
        Cell cell = contender.EnterTimed(workload, book);

        team.Run(threads, new LaneTask(cell.Prepare, cell.Abandon));
        book.Clear();
        team.Run(threads, new LaneTask(lane => cell.Run(lane, Slices), cell.Abandon));

        Assert.That(book.Merged().Count, Is.EqualTo(cell.OperationsPerSlice * Slices));
        team.Run(threads, new LaneTask(cell.Clean, cell.Abandon));
    }

    [Test]
    public void Pass_OverSeveralHeaps_RecordsTheAllocationsInEach()
    {
        using Contender contender = ContenderCatalog.All.Single(c => c.Name == "magalloc").Create();
        using Workload workload = new TwoHeapsWorkload();
        LatencyBook book = new();
        Cell cell = contender.EnterTimed(workload, book);

        cell.Prepare(0);
        cell.Run(0, Slices);
        cell.Clean(0);

        Assert.That(book.Merged().Count, Is.EqualTo(cell.OperationsPerSlice * Slices));
    }

    [Test]
    public void Pass_OfATrace_RecordsReallocationsAndZeroedBlocksToo()
    {
        using Contender contender = ContenderCatalog.All.Single(c => c.Name == "magalloc").Create();
        using NativeHeap heap = new();
        LatencyBook book = new();
        TimedHeapSession<HeapSession> session = new(new HeapSession(heap), book);

        AddressBlock block = session.Reallocate(session.Allocate(64), 128);
        session.Free(block);
        session.Free(session.AllocateZeroed(64));
        session.Free(session.AllocateAligned(64, 256));
        session.Dispose();

        Assert.That(book.Merged().Count, Is.EqualTo(4));
    }

    [Test]
    public void Book_HandsAHistogramOnWithWhatItHolds()
    {
        LatencyBook book = new();
        book.Take().Record(5);
        Stress(book, 7);
        Stress(book, 9);

        Assert.That((book.Merged().Count, book.Merged().Max), Is.EqualTo((3L, 9L)));
    }

    private static void Stress(LatencyBook book, long nanoseconds)
    {
        MagAlloc.Tooling.Measurement.LatencyHistogram histogram = book.Take();
        histogram.Record(nanoseconds);
        book.GiveBack(histogram);
    }
}
