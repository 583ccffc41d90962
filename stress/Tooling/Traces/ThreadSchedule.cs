using System.Runtime.InteropServices;

namespace MagAlloc.Tooling.Traces;

/// <summary>
/// A trace's partial order for a replay with real threads: each thread executes its own records in their order, and an
/// operation on an object waits until the object's earlier operations are done. The total order of the file is one order
/// that obeys both rules, hence waiting cannot end in a cycle.
/// </summary>
internal sealed unsafe class ThreadSchedule : IDisposable
{
    private readonly uint** _recordsOf;
    private readonly int[] _counts;
    private uint* _steps;

    public ThreadSchedule(AllocationTrace trace)
    {
        int threads = trace.Threads.Count;
        int[] slotOf = new int[ushort.MaxValue + 1];
        for (int t = 0; t < threads; t++)
            slotOf[trace.Threads[t]] = t;

        _counts = new int[threads];
        foreach (ref readonly TraceRecord record in trace.Span)
            _counts[slotOf[record.Thread]]++;

        _recordsOf = (uint**)NativeMemory.AllocZeroed((nuint)threads, (nuint)sizeof(uint*));
        _steps = (uint*)NativeMemory.Alloc((nuint)trace.Count, sizeof(uint));
        for (int t = 0; t < threads; t++)
            _recordsOf[t] = (uint*)NativeMemory.Alloc((nuint)_counts[t], sizeof(uint));

        uint[] stepsOfObject = new uint[trace.Objects];
        int[] next = new int[threads];
        for (int i = 0; i < trace.Count; i++)
        {
            ref readonly TraceRecord record = ref trace.Records[i];
            _steps[i] = stepsOfObject[record.Id]++;
            int slot = slotOf[record.Thread];
            _recordsOf[slot][next[slot]++] = (uint)i;
        }
    }

    ~ThreadSchedule() => Release();

    public int Threads => _counts.Length;

    /// <summary>For each record of the trace: how many operations on its object come before it.</summary>
    public uint* Steps => _steps;

    /// <summary>Indices of the records of the <paramref name="thread"/>-th thread (0-based), in the order of the trace.</summary>
    public ReadOnlySpan<uint> RecordsOf(int thread) => new(_recordsOf[thread], _counts[thread]);

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        if (_steps is null)
            return;
        for (int t = 0; t < _counts.Length; t++)
            NativeMemory.Free(_recordsOf[t]);
        NativeMemory.Free(_recordsOf);
        NativeMemory.Free(_steps);
        _steps = null;
    }
}
