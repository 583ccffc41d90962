using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Stress.Replay;

/// <summary>Executes a trace with one real thread for each of its threads, in the trace's partial order, for the wall time.</summary>
internal sealed unsafe class ThreadedTimedPass<TAllocator>
    where TAllocator : struct, IReplayAllocator
{
    private const int Slice = 4096;

    private readonly AllocationTrace _trace;
    private readonly ThreadSchedule _schedule;
    private readonly TAllocator _allocator;
    private readonly TimedObject* _objects;
    private bool _abandoned;

    private ThreadedTimedPass(AllocationTrace trace, ThreadSchedule schedule, TAllocator allocator, TimedObject* objects)
    {
        _trace = trace;
        _schedule = schedule;
        _allocator = allocator;
        _objects = objects;
    }

    public static TimeSpan Run(AllocationTrace trace, ThreadSchedule schedule, TAllocator allocator)
    {
        TimedObject* objects = (TimedObject*)NativeMemory.AllocZeroed((nuint)trace.Objects, (nuint)sizeof(TimedObject));
        try
        {
            NativeMemory.Fill(objects, (nuint)trace.Objects * (nuint)sizeof(TimedObject), 0);
            return new ThreadedTimedPass<TAllocator>(trace, schedule, allocator, objects).Run();
        }
        finally
        {
            NativeMemory.Free(objects);
        }
    }

    private TimeSpan Run()
    {
        using ThreadTeam team = new(_schedule.Threads, "replay", ExecuteThread, () => Volatile.Write(ref _abandoned, true));
        long start = Stopwatch.GetTimestamp();
        team.Release();
        team.Join();
        for (int i = 0; i < _trace.Objects; i++)
        {
            if (_objects[i].Block is not null)
                _allocator.Free(_objects[i].Block);
        }

        return Stopwatch.GetElapsedTime(start);
    }

    private void ExecuteThread(int thread)
    {
        ReadOnlySpan<uint> own = _schedule.RecordsOf(thread);
        for (int from = 0; from < own.Length; from += Slice)
        {
            if (!Execute(own.Slice(from, Math.Min(Slice, own.Length - from))))
                return;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Execute(ReadOnlySpan<uint> indices)
    {
        TAllocator allocator = _allocator;
        foreach (uint index in indices)
        {
            TraceRecord* record = _trace.Records + index;
            TimedObject* item = _objects + record->Id;
            uint step = _schedule.Steps[index];
            if (!ObjectOrder.Await(ref item->StepsDone, step, ref _abandoned))
                return false;
            switch (record->Operation)
            {
                case TraceOperation.Allocate:
                    item->Block = allocator.Allocate((nuint)record->Size);
                    break;
                case TraceOperation.AllocateZeroed:
                    item->Block = allocator.AllocateZeroed((nuint)record->Size);
                    break;
                case TraceOperation.AllocateAligned:
                    item->Block = allocator.AllocateAligned((nuint)record->Size, (nuint)1 << record->Log2Alignment);
                    break;
                case TraceOperation.Reallocate:
                    item->Block = allocator.Reallocate(item->Block, (nuint)record->Size);
                    break;
                default:
                    allocator.Free(item->Block);
                    item->Block = null;
                    break;
            }

            Volatile.Write(ref item->StepsDone, step + 1);
        }

        return true;
    }
}
