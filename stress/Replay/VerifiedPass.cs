using System.Diagnostics;
using System.Runtime.InteropServices;
using MagAlloc.Stress.Verification;
using MagAlloc.Tooling.Measurement;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Stress.Replay;

/// <summary>
/// Executes a trace and proves every block: alignment, zeroed content, the kept prefix of a reallocation, and the owner
/// pattern from the moment a block is handed out until it is freed. One thread in the trace's total order, or one real
/// thread for each of the trace's in its partial order.
/// </summary>
internal sealed unsafe class VerifiedPass<TAllocator> : IDisposable
    where TAllocator : struct, IReplayAllocator
{
    private const int LatencySampling = 64;
    // Also how often an interruption is looked for.
    private const int ResidentSampling = 8192;

    // 16, as malloc promises on 64-bit systems and as NativeHeap documents.
    private const nuint NaturalAlignment = 16;

    private readonly AllocationTrace _trace;
    private readonly TAllocator _allocator;
    private readonly VerifyMode _mode;
    private readonly IntegrityLog _log;
    private readonly CancellationToken _interruption;
    private readonly ResidentSet _resident = new();
    private readonly ObjectState* _objects;
    private readonly Lock _merging = new();
    private long _liveBytes;
    private long _peakLiveBytes;
    private long _peakResident;
    private long _executed;
    private bool _abandoned;

    public VerifiedPass(
        AllocationTrace trace, TAllocator allocator, VerifyMode mode, IntegrityLog log, CancellationToken interruption = default)
    {
        _trace = trace;
        _allocator = allocator;
        _mode = mode;
        _log = log;
        _interruption = interruption;
        nuint tableBytes = (nuint)trace.Objects * (nuint)sizeof(ObjectState);
        _objects = (ObjectState*)NativeMemory.Alloc(tableBytes);
        NativeMemory.Clear(_objects, tableBytes);
    }

    public LatencyHistogram Latency { get; } = new();

    /// <summary>Peak of the sizes alive as this pass executed the trace: threads may overlap more than the recording did.</summary>
    public long PeakLiveBytes => Interlocked.Read(ref _peakLiveBytes);

    /// <summary>Sizes alive now.</summary>
    public long LiveBytes => Interlocked.Read(ref _liveBytes);

    /// <summary>Allocator calls made: all of the trace's and the final frees, unless the pass was interrupted.</summary>
    public long Executed => Interlocked.Read(ref _executed);

    public long PeakResidentBytes => Interlocked.Read(ref _peakResident);

    public void RunSequential()
    {
        for (int i = 0; i < _trace.Count && !IsInterrupted(i); i++)
        {
            Execute((uint)i, Latency);
            _executed++;
        }

        FreeRest();
    }

    public void RunThreaded(ThreadSchedule schedule)
    {
        using ThreadTeam team = new(
            schedule.Threads,
            "replay",
            thread => ExecuteThread(schedule, thread),
            () => Volatile.Write(ref _abandoned, true));
        team.Release();
        team.Join();
        FreeRest();
    }

    public void Dispose()
    {
        NativeMemory.Free(_objects);
        _resident.Dispose();
    }

    private void ExecuteThread(ThreadSchedule schedule, int thread)
    {
        LatencyHistogram latency = new();
        long executed = 0;
        foreach (uint index in schedule.RecordsOf(thread))
        {
            if (IsInterrupted(executed))
                Volatile.Write(ref _abandoned, true);
            ref uint stepsDone = ref _objects[_trace.Records[index].Id].StepsDone;
            uint step = schedule.Steps[index];
            if (Volatile.Read(ref _abandoned) || !ObjectOrder.Await(ref stepsDone, step, ref _abandoned))
                break;
            Execute(index, latency);
            executed++;
            Volatile.Write(ref stepsDone, step + 1);
        }

        lock (_merging)
        {
            Latency.Merge(latency);
            _executed += executed;
        }
    }

    private bool IsInterrupted(long executed) => executed % ResidentSampling == 0 && _interruption.IsCancellationRequested;

    private void Execute(uint index, LatencyHistogram latency)
    {
        TraceRecord* record = _trace.Records + index;
        ObjectState* item = _objects + record->Id;
        nuint size = (nuint)record->Size;
        long start = index % LatencySampling == 0 ? Stopwatch.GetTimestamp() : 0;
        switch (record->Operation)
        {
            case TraceOperation.Allocate:
                item->Block = (byte*)_allocator.Allocate(size);
                break;
            case TraceOperation.AllocateZeroed:
                item->Block = (byte*)_allocator.AllocateZeroed(size);
                break;
            case TraceOperation.AllocateAligned:
                item->Block = (byte*)_allocator.AllocateAligned(size, (nuint)1 << record->Log2Alignment);
                break;
            case TraceOperation.Reallocate:
                VerifyPrefix("before realloc", item, item->Size, index);
                start = start == 0 ? 0 : Stopwatch.GetTimestamp();
                item->Block = (byte*)_allocator.Reallocate(item->Block, size);
                break;
            default:
                VerifyPrefix("before free", item, item->Size, index);
                start = start == 0 ? 0 : Stopwatch.GetTimestamp();
                _allocator.Free(item->Block);
                item->Block = null;
                break;
        }

        if (start != 0)
            latency.RecordSince(start);
        CountLive((long)size - (long)item->Size);
        VerifyNew(index, item, size);
        if (index % ResidentSampling == 0)
            SampleResident();
    }

    private void VerifyNew(uint index, ObjectState* item, nuint size)
    {
        TraceRecord* record = _trace.Records + index;
        nuint kept = nuint.Min(item->Size, size);
        nuint alignment = record->Operation == TraceOperation.AllocateAligned
            ? (nuint)1 << record->Log2Alignment
            : NaturalAlignment;
        if (((nuint)item->Block & (alignment - 1)) != 0)
            _log.Failed($"{_trace.Name}: record {index}: block 0x{(nuint)item->Block:x} is not aligned to {alignment}");

        if (record->Operation == TraceOperation.Reallocate)
            VerifyPrefix("after realloc", item, kept, index);
        if (record->Operation == TraceOperation.AllocateZeroed && _mode != VerifyMode.None)
            Report("calloc not zeroed", item, size, OwnerPattern.FindViolation(item->Block, size, 0), 0, index);

        item->Size = size;
        item->Tag = OwnerPattern.Tag(record->Thread, index);
        if (record->Operation != TraceOperation.Free)
            SampledPattern.Fill(item->Block, size, item->Tag, _mode);
    }

    private void VerifyPrefix(string step, ObjectState* item, nuint length, uint index) =>
        Report(step, item, length, SampledPattern.FindViolation(item->Block, item->Size, length, item->Tag, _mode), item->Tag, index);

    private void Report(string step, ObjectState* item, nuint size, long offset, ulong expected, uint index)
    {
        if (offset >= 0)
            _log.Corrupted($"{_trace.Name}: record {index}: {step}", item->Block, size, offset, expected);
    }

    private void CountLive(long change) => InterlockedMax(ref _peakLiveBytes, Interlocked.Add(ref _liveBytes, change));

    private void SampleResident() => InterlockedMax(ref _peakResident, _resident.Bytes());

    private static void InterlockedMax(ref long target, long value)
    {
        for (long seen = Interlocked.Read(ref target); value > seen;)
        {
            long before = Interlocked.CompareExchange(ref target, value, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }

    private void FreeRest()
    {
        SampleResident();
        for (int i = 0; i < _trace.Objects; i++)
        {
            ObjectState* item = _objects + i;
            if (item->Block is null)
                continue;
            VerifyPrefix("before the final free", item, item->Size, (uint)_trace.Count);
            _allocator.Free(item->Block);
            item->Block = null;
            _executed++;
        }
    }
}
