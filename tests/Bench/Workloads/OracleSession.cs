using System.Runtime.InteropServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Tests.Bench.Workloads;

/// <summary>The C library's allocator, with books on every block and a look at who calls.</summary>
internal readonly unsafe struct OracleSession(OracleBooks books, int thread) : IHeapSession
{
    public AddressBlock Allocate(nuint byteCount) => Record(NativeMemory.Alloc(Math.Max(byteCount, 1)), byteCount);

    public AddressBlock AllocateZeroed(nuint byteCount) => Record(NativeMemory.AllocZeroed(Math.Max(byteCount, 1)), byteCount);

    public AddressBlock AllocateAligned(nuint byteCount, nuint alignment)
    {
        books.Alignments.AddOrUpdate(alignment, 1, (_, count) => count + 1);
        return Record(NativeMemory.AlignedAlloc(Math.Max(byteCount, 1), alignment), byteCount);
    }

    public AddressBlock Reallocate(AddressBlock block, nuint byteCount)
    {
        Strike(block);
        return Record(NativeMemory.Realloc(block.Address, Math.Max(byteCount, 1)), byteCount);
    }

    public void Free(AddressBlock block)
    {
        if (Strike(block))
            NativeMemory.Free(block.Address);
    }

    public void Dispose() => CheckThread();

    private AddressBlock Record(void* address, nuint byteCount)
    {
        CheckThread();
        if (byteCount != 0)
            *(byte*)address = OracleBooks.Untouched;
        Interlocked.Increment(ref books.Allocations);
        books.Sizes.AddOrUpdate(byteCount, 1, (_, count) => count + 1);
        books.Live[(nint)address] = byteCount;
        return new AddressBlock(address);
    }

    private bool Strike(AddressBlock block)
    {
        CheckThread();
        if (!books.Live.TryRemove((nint)block.Address, out nuint bytes))
        {
            books.Mistakes.Enqueue("a block is freed that is not alive");
            return false;
        }

        if (bytes != 0 && *(byte*)block.Address == OracleBooks.Untouched != books.LeftUntouched)
            books.Mistakes.Enqueue($"a block of {bytes} bytes was {(books.LeftUntouched ? "" : "never ")}written to");
        return true;
    }

    private void CheckThread()
    {
        if (Environment.CurrentManagedThreadId != thread)
            books.Mistakes.Enqueue("a session is used by another thread than the one that opened it");
    }
}
