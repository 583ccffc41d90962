using MagAlloc.Tooling.Traces;

namespace MagAlloc.Tests.Stress;

public sealed unsafe class ThreadScheduleTests
{
    [Test]
    public void EachThreadGetsItsOwnRecords_AndEachOperationItsPlaceInTheObjectsLife()
    {
        using AllocationTrace trace = new TraceBytes()
            .Allocate(1, 8, thread: 2)
            .Allocate(2, 8, thread: 5)
            .Add(TraceOperation.Reallocate, 1, 16, thread: 5)
            .Free(1, thread: 2)
            .Free(2, thread: 5)
            .Load();
        using ThreadSchedule schedule = new(trace);

        uint[] steps = [.. new ReadOnlySpan<uint>(schedule.Steps, trace.Count)];
        uint[] first = [.. schedule.RecordsOf(0)];
        uint[] second = [.. schedule.RecordsOf(1)];
        Assert.Multiple(() =>
        {
            Assert.That(schedule.Threads, Is.EqualTo(2));
            Assert.That(first, Is.EqualTo(new uint[] { 0, 3 }));
            Assert.That(second, Is.EqualTo(new uint[] { 1, 2, 4 }));
            Assert.That(steps, Is.EqualTo(new uint[] { 0, 0, 1, 2, 1 }));
        });
    }
}
