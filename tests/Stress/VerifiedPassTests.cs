using MagAlloc.Stress.Replay;
using MagAlloc.Stress.Verification;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Tests.Stress;

/// <summary>The oracle of a replay must find what it is there for: each mistake of an allocator is tried.</summary>
public sealed class VerifiedPassTests
{
    [TestCase(BrokenAllocator.Mistake.NotZeroed, "calloc not zeroed", "offset 99")]
    [TestCase(BrokenAllocator.Mistake.LosesPrefix, "after realloc", "offset 0")]
    [TestCase(BrokenAllocator.Mistake.HandsOutTwice, "before", "owner 1")]
    [TestCase(BrokenAllocator.Mistake.Misaligns, "is not aligned to 4096", "record 3")]
    [TestCase(BrokenAllocator.Mistake.WritesIntoALiveBlock, "before", "offset 13")]
    public void EachMistakeOfAnAllocator_IsFound(object mistake, string message, string detail)
    {
        IntegrityLog log = Replay((BrokenAllocator.Mistake)mistake);

        Assert.That(log.Failures, Is.GreaterThan(0));
        Assert.That(log.Messages(), Has.Some.Contains(message).And.Contains(detail));
    }

    [Test]
    public void ASoundAllocator_HasNoFailure() =>
        Assert.That(Replay(BrokenAllocator.Mistake.None).Failures, Is.Zero);

    [Test]
    public void ThreadedReplay_KeepsTheOrderOfEachObjectsOperations()
    {
        TraceBytes bytes = new();
        for (uint i = 0; i < 20_000; i++)
        {
            ushort thread = (ushort)(1 + (i % 4));
            bytes.Allocate(i, 1 + (i % 200), thread);
            bytes.Add(TraceOperation.Reallocate, i, 1 + (i % 333), (ushort)(1 + ((i + 1) % 4)));
            bytes.Free(i, (ushort)(1 + ((i + 2) % 4)));
        }

        using AllocationTrace trace = bytes.Load();
        using ThreadSchedule schedule = new(trace);
        using NativeHeap heap = new();
        IntegrityLog log = new();
        using (VerifiedPass<HeapAllocator> pass = new(trace, new HeapAllocator(heap), VerifyMode.Full, log))
            pass.RunThreaded(schedule);
        heap.Trim();

        Assert.That(log.Messages(), Is.Empty);
        Assert.That(heap.GetStatistics().AllocatedBlocks, Is.Zero);
    }

    private static IntegrityLog Replay(BrokenAllocator.Mistake mistake)
    {
        using AllocationTrace trace = new TraceBytes()
            .Allocate(1, 100)
            .Allocate(2, 100)
            .Add(TraceOperation.AllocateZeroed, 3, 100)
            .Add(TraceOperation.AllocateAligned, 4, 100, log2Alignment: 12)
            .Add(TraceOperation.Reallocate, 2, 5000)
            .Free(1)
            .Load();
        IntegrityLog log = new();
        using VerifiedPass<BrokenAllocator> pass = new(trace, new BrokenAllocator(mistake, new nint[1]), VerifyMode.Full, log);
        pass.RunSequential();
        return log;
    }
}
