using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Gate.Counts;

/// <summary>Managed bytes that an operation allocates on its thread, magazine exchanges and refills included.</summary>
internal sealed unsafe class ManagedBytesProbe : IGateProbe
{
    private const int Operations = 20_000;
    private const int Live = 500;

    private static readonly (string Name, Action<NativeHeap, UnmanagedPool<Item64>, nint[]> Body)[] s_bodies =
    [
        ("managed-bytes-heap", Heap),
        ("managed-bytes-sized-free", SizedFree),
        ("managed-bytes-reallocate", Reallocate),
        ("managed-bytes-handle", Handle),
        ("managed-bytes-pool", Pool),
    ];

    public IReadOnlyList<GateEntry> Entries { get; } =
        [.. s_bodies.Select(body => new GateEntry(body.Name, EntryKind.Law, "managed bytes per operation"))];

    public IEnumerable<Reading> Measure()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual });
        using UnmanagedPool<Item64> pool = new(new UnmanagedPoolOptions { Reclaim = ReclaimOptions.Manual });
        nint[] blocks = new nint[Live];
        foreach ((string name, Action<NativeHeap, UnmanagedPool<Item64>, nint[]> body) in s_bodies)
            yield return new Reading(name, (double)LeastBytes(() => body(heap, pool, blocks)) / Operations, Operations);
    }

    // The least of three runs after a first one: what the runtime itself allocates now and then on this thread is not ours, and
    // what an operation allocates it allocates every time.
    public static long LeastBytes(Action body)
    {
        body();
        long least = long.MaxValue;
        for (int run = 0; run < 3; run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            body();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private static void Heap(NativeHeap heap, UnmanagedPool<Item64> pool, nint[] blocks)
    {
        for (int i = 0; i < Operations; i += Live)
        {
            for (int j = 0; j < blocks.Length; j++)
                blocks[j] = (nint)heap.Allocate((nuint)(16 + (j * 8)));
            foreach (nint block in blocks)
                heap.Free((void*)block);
        }
    }

    private static void SizedFree(NativeHeap heap, UnmanagedPool<Item64> pool, nint[] blocks)
    {
        for (int i = 0; i < Operations; i += Live)
        {
            for (int j = 0; j < blocks.Length; j++)
                blocks[j] = (nint)heap.Allocate(64);
            foreach (nint block in blocks)
                heap.FreeSized((void*)block, 64);
        }
    }

    private static void Reallocate(NativeHeap heap, UnmanagedPool<Item64> pool, nint[] blocks)
    {
        for (int i = 0; i < Operations; i += Live)
        {
            void* block = null;
            for (int j = 0; j < Live; j++)
                block = heap.Reallocate(block, (nuint)(16 + (j * 8)));
            heap.Free(block);
        }
    }

    private static void Handle(NativeHeap heap, UnmanagedPool<Item64> pool, nint[] blocks)
    {
        using HeapThread thread = heap.OpenThread();
        for (int i = 0; i < Operations; i += Live)
        {
            for (int j = 0; j < blocks.Length; j++)
                blocks[j] = (nint)thread.Allocate(64);
            foreach (nint block in blocks)
                thread.Free((void*)block);
        }
    }

    private static void Pool(NativeHeap heap, UnmanagedPool<Item64> pool, nint[] blocks)
    {
        for (int i = 0; i < Operations; i += Live)
        {
            for (int j = 0; j < blocks.Length; j++)
                blocks[j] = (nint)pool.Rent();
            foreach (nint block in blocks)
                pool.Return((Item64*)block);
        }
    }
}
