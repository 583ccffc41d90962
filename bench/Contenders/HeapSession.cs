namespace MagAlloc.Bench.Contenders;

/// <summary><see cref="NativeHeap"/> by its default calls: what a search-and-replace of NativeMemory gives.</summary>
internal readonly unsafe struct HeapSession(NativeHeap heap) : IHeapSession
{
    public AddressBlock Allocate(nuint byteCount) => new(heap.Allocate(byteCount));

    public AddressBlock AllocateZeroed(nuint byteCount) => new(heap.AllocateZeroed(byteCount));

    public AddressBlock AllocateAligned(nuint byteCount, nuint alignment) => new(heap.AllocateAligned(byteCount, alignment));

    public AddressBlock Reallocate(AddressBlock block, nuint byteCount) => new(heap.Reallocate(block.Address, byteCount));

    public void Free(AddressBlock block) => heap.Free(block.Address);

    public void Dispose()
    {
    }
}
