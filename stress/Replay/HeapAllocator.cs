namespace MagAlloc.Stress.Replay;

/// <summary>Replays into a <see cref="NativeHeap"/>.</summary>
internal readonly unsafe struct HeapAllocator(NativeHeap heap) : IReplayAllocator
{
    public void* Allocate(nuint byteCount) => heap.Allocate(byteCount);

    public void* AllocateZeroed(nuint byteCount) => heap.AllocateZeroed(byteCount);

    public void* AllocateAligned(nuint byteCount, nuint alignment) => heap.AllocateAligned(byteCount, alignment);

    public void* Reallocate(void* block, nuint byteCount) => heap.Reallocate(block, byteCount);

    public void Free(void* block) => heap.Free(block);
}
