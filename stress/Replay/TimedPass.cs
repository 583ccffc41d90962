using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Stress.Replay;

/// <summary>
/// Executes a trace on one thread with nothing but the allocator calls and a table look-up, for its time. Blocks are neither
/// filled nor verified: that is the other pass.
/// </summary>
internal static unsafe class TimedPass<TAllocator>
    where TAllocator : struct, IReplayAllocator
{
    // The loop runs in slices so that it is called often enough to be compiled again with full optimisation.
    private const int Slice = 4096;

    /// <summary>Returns the elapsed time; every object is freed at the end, within the time.</summary>
    public static TimeSpan Run(AllocationTrace trace, TAllocator allocator)
    {
        void** blocks = (void**)NativeMemory.AllocZeroed((nuint)trace.Objects, (nuint)sizeof(void*));
        try
        {
            // Touch the table before the clock starts: its page faults are not the allocator's.
            NativeMemory.Fill(blocks, (nuint)trace.Objects * (nuint)sizeof(void*), 0);
            long start = Stopwatch.GetTimestamp();
            for (int from = 0; from < trace.Count; from += Slice)
                Execute(trace.Records + from, Math.Min(Slice, trace.Count - from), blocks, allocator);
            for (int from = 0; from < trace.Objects; from += Slice)
                FreeRest(blocks + from, Math.Min(Slice, trace.Objects - from), allocator);
            return Stopwatch.GetElapsedTime(start);
        }
        finally
        {
            NativeMemory.Free(blocks);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Execute(TraceRecord* record, int count, void** blocks, TAllocator allocator)
    {
        for (TraceRecord* end = record + count; record != end; record++)
        {
            ref void* block = ref blocks[record->Id];
            switch (record->Operation)
            {
                case TraceOperation.Allocate:
                    block = allocator.Allocate((nuint)record->Size);
                    break;
                case TraceOperation.AllocateZeroed:
                    block = allocator.AllocateZeroed((nuint)record->Size);
                    break;
                case TraceOperation.AllocateAligned:
                    block = allocator.AllocateAligned((nuint)record->Size, (nuint)1 << record->Log2Alignment);
                    break;
                case TraceOperation.Reallocate:
                    block = allocator.Reallocate(block, (nuint)record->Size);
                    break;
                default:
                    allocator.Free(block);
                    block = null;
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FreeRest(void** blocks, int count, TAllocator allocator)
    {
        for (int i = 0; i < count; i++)
        {
            if (blocks[i] is not null)
                allocator.Free(blocks[i]);
        }
    }
}
