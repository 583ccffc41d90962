namespace MagAlloc.Stress.Replay;

/// <summary>
/// The allocator under a replay. Implemented by structs only and used as a type argument, so that the timed loop calls the
/// allocator directly: no virtual call, no delegate, nothing measured but the allocator.
/// </summary>
internal unsafe interface IReplayAllocator
{
    void* Allocate(nuint byteCount);

    void* AllocateZeroed(nuint byteCount);

    void* AllocateAligned(nuint byteCount, nuint alignment);

    void* Reallocate(void* block, nuint byteCount);

    void Free(void* block);
}
