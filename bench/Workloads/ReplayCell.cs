using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="ReplayWorkload"/> with one contender: a slice is a pass over the trace.</summary>
internal sealed unsafe class ReplayCell<TContender, TSession>(TContender contender, AllocationTrace trace) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IHeapSession, allows ref struct
{
    // A pass is cut up for the reason that other workloads have slices.
    private const int RecordsPerCall = 4096;

    private readonly AddressBlock[] _blocks = new AddressBlock[trace.Objects];

    public override long OperationsPerSlice => (long)trace.Count + trace.Unfreed;

    public override void Run(int lane, long slices)
    {
        using TSession session = contender.Open();
        for (; slices > 0; slices--)
        {
            for (int from = 0; from < trace.Count; from += RecordsPerCall)
                Execute(session, trace.Span.Slice(from, Math.Min(RecordsPerCall, trace.Count - from)), _blocks);
            for (int from = 0; from < _blocks.Length; from += RecordsPerCall)
                FreeRest(session, _blocks.AsSpan(from, Math.Min(RecordsPerCall, _blocks.Length - from)));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Execute(TSession session, ReadOnlySpan<TraceRecord> records, AddressBlock[] blocks)
    {
        foreach (ref readonly TraceRecord record in records)
        {
            ref AddressBlock slot = ref blocks[record.Id];
            nuint bytes = (nuint)record.Size;
            AddressBlock block = default;
            switch (record.Operation)
            {
                case TraceOperation.Allocate:
                    block = session.Allocate(bytes);
                    break;
                case TraceOperation.AllocateZeroed:
                    block = session.AllocateZeroed(bytes);
                    break;
                case TraceOperation.AllocateAligned:
                    block = session.AllocateAligned(bytes, (nuint)1 << record.Log2Alignment);
                    break;
                case TraceOperation.Reallocate:
                    block = session.Reallocate(slot, bytes);
                    break;
                default:
                    session.Free(slot);
                    break;
            }

            slot = block;

            // A free has size 0 in a trace, and a block of size 0 has no byte to write to.
            if (bytes != 0)
                block.Touch();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FreeRest(TSession session, Span<AddressBlock> blocks)
    {
        foreach (ref AddressBlock slot in blocks)
        {
            if (slot.Address is null)
                continue;
            session.Free(slot);
            slot = default;
        }
    }
}
