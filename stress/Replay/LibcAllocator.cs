using System.Runtime.InteropServices;

namespace MagAlloc.Stress.Replay;

/// <summary>
/// Replays into <see cref="NativeMemory"/>, the C library's allocator. Aligned blocks go to the ordinary realloc and free, as
/// in the recorded program: right for every Unix libc, not for Windows, where the command refuses this allocator.
/// </summary>
internal readonly unsafe struct LibcAllocator : IReplayAllocator
{
    public void* Allocate(nuint byteCount) => NativeMemory.Alloc(byteCount);

    public void* AllocateZeroed(nuint byteCount) => NativeMemory.AllocZeroed(byteCount);

    public void* AllocateAligned(nuint byteCount, nuint alignment) => NativeMemory.AlignedAlloc(byteCount, alignment);

    public void* Reallocate(void* block, nuint byteCount) => NativeMemory.Realloc(block, byteCount);

    public void Free(void* block) => NativeMemory.Free(block);
}
