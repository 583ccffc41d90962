namespace MagAlloc.Tooling.Traces;

/// <summary>
/// Checks that each record can be executed, renumbers the objects densely and computes what is known of a trace before its
/// replay. A trace comes from outside: after this walk the replay loops index their tables without a check of their own.
/// </summary>
internal static class TraceValidator
{
    /// <summary>Largest size of one request: 64 GiB, far above any real one, far below where sums could overflow.</summary>
    public const ulong MaxSize = 1UL << 36;

    /// <summary>Largest alignment of one request, as a power of two (1 GiB).</summary>
    public const int MaxLog2Alignment = 30;

    // In the place of a live object's size.
    private const long Freed = -1;

    public static void Validate(AllocationTrace trace)
    {
        Dictionary<uint, int> born = new(trace.Count / 2);
        List<long> liveSizes = new(trace.Count / 2);
        SortedSet<int> threads = [];
        Span<TraceRecord> records = trace.Span;
        long live = 0;
        int unfreed = 0;
        int lastThread = 0;

        for (int i = 0; i < records.Length; i++)
        {
            ref TraceRecord record = ref records[i];
            string? fault = FaultOf(in record);
            if (fault is not null)
                throw Bad(trace, i, fault);
            if (record.Thread != lastThread)
                threads.Add(lastThread = record.Thread);

            bool known = born.TryGetValue(record.Id, out int number);
            switch (record.Operation)
            {
                case TraceOperation.Allocate or TraceOperation.AllocateZeroed or TraceOperation.AllocateAligned:
                    if (known)
                        throw Bad(trace, i, $"object {record.Id} is allocated a second time");
                    number = liveSizes.Count;
                    born.Add(record.Id, number);
                    liveSizes.Add((long)record.Size);
                    live += (long)record.Size;
                    unfreed++;
                    break;
                case TraceOperation.Reallocate:
                    CheckAlive(trace, i, in record, known, liveSizes, number);
                    live += (long)record.Size - liveSizes[number];
                    liveSizes[number] = (long)record.Size;
                    break;
                default:
                    CheckAlive(trace, i, in record, known, liveSizes, number);
                    live -= liveSizes[number];
                    liveSizes[number] = Freed;
                    unfreed--;
                    break;
            }

            record.Id = (uint)number;
            trace.PeakLiveBytes = Math.Max(trace.PeakLiveBytes, live);
        }

        trace.Objects = liveSizes.Count;
        trace.Unfreed = unfreed;
        trace.Threads = [.. threads];
    }

    private static string? FaultOf(in TraceRecord record) => record switch
    {
        { Operation: < TraceOperation.Allocate or > TraceOperation.Free } =>
            $"unknown operation {(byte)record.Operation}; 1 to 5 are known",
        { Thread: 0 } => "thread 0; threads are numbered from 1",
        { Operation: TraceOperation.AllocateAligned, Log2Alignment: > MaxLog2Alignment } =>
            $"alignment 2^{record.Log2Alignment}; at most 2^{MaxLog2Alignment}",
        { Operation: not TraceOperation.AllocateAligned, Log2Alignment: not 0 } =>
            $"alignment 2^{record.Log2Alignment} on operation {(byte)record.Operation}, which has none",
        { Operation: TraceOperation.Free, Size: not 0 } => $"size {record.Size} on a free; must be 0",
        { Size: > MaxSize } => $"size {record.Size}; at most {MaxSize}",
        _ => null,
    };

    private static void CheckAlive(
        AllocationTrace trace, int index, in TraceRecord record, bool known, List<long> liveSizes, int number)
    {
        string verb = record.Operation == TraceOperation.Free ? "freed" : "reallocated";
        if (!known)
            throw Bad(trace, index, $"object {record.Id} is {verb} but was never allocated");
        if (liveSizes[number] == Freed)
            throw Bad(trace, index, $"object {record.Id} is {verb} after it was freed");
    }

    private static TraceFormatException Bad(AllocationTrace trace, int index, string what) =>
        new($"{trace.File}: record {index}: {what}");
}
