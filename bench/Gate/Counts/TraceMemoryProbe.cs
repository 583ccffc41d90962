using MagAlloc.Bench.Contenders;
using MagAlloc.Tooling.Measurement;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Bench.Gate.Counts;

/// <summary>
/// The memory that a bundled trace takes: the committed peak, which is counted, and the resident set, which the system reports.
/// On one thread, with the reclaim passes at fixed events in place of the worker's at fixed times.
/// </summary>
internal sealed unsafe class TraceMemoryProbe(string program, string file) : IGateProbe
{
    private const int EventsPerPass = 8192;
    private const int PageBytes = 4096;

    private readonly string _committed = $"committed-peak-{program}";
    private readonly string _resident = $"resident-peak-{program}";

    public IReadOnlyList<GateEntry> Entries =>
    [
        new GateEntry(_committed, EntryKind.Count, "bytes"),
        new GateEntry(_resident, EntryKind.Report, "bytes"),
    ];

    public IEnumerable<Reading> Measure()
    {
        using AllocationTrace trace = TraceReader.Load(file);
        AddressBlock[] blocks = new AddressBlock[trace.Objects];
        using ResidentSet resident = new();
        using NativeHeap heap = new(new NativeHeapOptions { Name = program, Reclaim = ReclaimOptions.Manual });
        long before = resident.Bytes();
        long peak = 0;
        for (int from = 0; from < trace.Count; from += EventsPerPass)
        {
            Execute(new HeapSession(heap), trace.Span.Slice(from, Math.Min(EventsPerPass, trace.Count - from)), blocks);
            peak = Math.Max(peak, resident.Bytes() - before);
            heap.Tick();
        }

        return
        [
            new Reading(_committed, heap.GetStatistics().PeakCommittedBytes, trace.Count),
            new Reading(_resident, peak, trace.Count),
        ];
    }

    private static void Execute(HeapSession session, ReadOnlySpan<TraceRecord> records, AddressBlock[] blocks)
    {
        foreach (ref readonly TraceRecord record in records)
        {
            ref AddressBlock slot = ref blocks[record.Id];
            nuint bytes = (nuint)record.Size;
            switch (record.Operation)
            {
                case TraceOperation.Allocate:
                    slot = session.Allocate(bytes);
                    break;
                case TraceOperation.AllocateZeroed:
                    slot = session.AllocateZeroed(bytes);
                    break;
                case TraceOperation.AllocateAligned:
                    slot = session.AllocateAligned(bytes, (nuint)1 << record.Log2Alignment);
                    break;
                case TraceOperation.Reallocate:
                    slot = session.Reallocate(slot, bytes);
                    break;
                default:
                    session.Free(slot);
                    slot = default;
                    break;
            }

            // Every page becomes resident, as the program's own writes would make it.
            for (nuint at = 0; at < bytes; at += PageBytes)
                ((byte*)slot.Address)[at] = 1;
        }
    }
}
