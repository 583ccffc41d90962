namespace MagAlloc.Tests.Docs;

/// <summary>The README's example, compiled; <see cref="ReadmeTests"/> holds the two against each other.</summary>
internal static unsafe class ReadmeExample
{
    public static HeapStatistics Run()
    {
        // example:begin
        using NativeHeap heap = new(new NativeHeapOptions { Name = "cache", ByteLimit = 1L << 30 });

        byte* block = (byte*)heap.Allocate(4096);          // as NativeMemory.Alloc; 16-byte aligned
        block = (byte*)heap.Reallocate(block, 10_000);
        heap.Free(block);                                  // from any thread; aligned blocks too

        using HeapThread thread = heap.CurrentThread;      // hot loops: this thread's cache in a local
        for (int i = 0; i < 1_000; i++)
        {
            thread.Free(thread.Allocate(64), 64);
        }

        HeapStatistics books = heap.GetStatistics();       // what is allocated, cached, committed
        // example:end
        return books;
    }
}
