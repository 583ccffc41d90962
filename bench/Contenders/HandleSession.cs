namespace MagAlloc.Bench.Contenders;

/// <summary>The thread handle of a <see cref="NativeHeap"/>, held over the whole loop.</summary>
internal readonly unsafe ref struct HandleSession(NativeHeap heap) : IHeapSession
{
    private readonly HeapThread _thread = heap.OpenThread();

    public AddressBlock Allocate(nuint byteCount) => new(_thread.Allocate(byteCount));

    public AddressBlock AllocateZeroed(nuint byteCount) => new(_thread.AllocateZeroed(byteCount));

    // The handle has no call of its own for the rare ones.
    public AddressBlock AllocateAligned(nuint byteCount, nuint alignment) => new(heap.AllocateAligned(byteCount, alignment));

    public AddressBlock Reallocate(AddressBlock block, nuint byteCount) => new(heap.Reallocate(block.Address, byteCount));

    public void Free(AddressBlock block) => _thread.Free(block.Address);

    public void Dispose() => _thread.Dispose();
}
