using System.Runtime.InteropServices;
using MagAlloc.Stress.Replay;

namespace MagAlloc.Tests.Stress;

/// <summary>The C library's allocator with one mistake, to prove that a replay finds it.</summary>
internal readonly unsafe struct BrokenAllocator(BrokenAllocator.Mistake mistake, nint[] last) : IReplayAllocator
{
    public enum Mistake
    {
        None,
        NotZeroed,
        LosesPrefix,
        HandsOutTwice,
        Misaligns,
        WritesIntoALiveBlock,
    }

    public void* Allocate(nuint byteCount)
    {
        if (mistake == Mistake.HandsOutTwice && last[0] != 0)
            return (void*)last[0];
        if (mistake == Mistake.WritesIntoALiveBlock && last[0] != 0)
            ((byte*)last[0])[13] ^= 1;
        void* block = NativeMemory.Alloc(byteCount);
        last[0] = (nint)block;
        return block;
    }

    public void* AllocateZeroed(nuint byteCount)
    {
        byte* block = (byte*)NativeMemory.AllocZeroed(byteCount);
        if (mistake == Mistake.NotZeroed)
            block[byteCount - 1] = 1;
        return block;
    }

    // A block is freed by the pointer that came out, hence the mistake must still be a block's start: alignment 16, not more.
    public void* AllocateAligned(nuint byteCount, nuint alignment)
    {
        if (mistake != Mistake.Misaligns)
            return NativeMemory.AlignedAlloc(byteCount, alignment);
        while (true)
        {
            void* block = NativeMemory.Alloc(byteCount);
            if ((nuint)block % alignment != 0)
                return block;
        }
    }

    public void* Reallocate(void* block, nuint byteCount)
    {
        byte* moved = (byte*)NativeMemory.Realloc(block, byteCount);
        if (mistake == Mistake.LosesPrefix)
            moved[0] ^= 1;
        return moved;
    }

    public void Free(void* block)
    {
        if (mistake != Mistake.HandsOutTwice)
            NativeMemory.Free(block);
    }
}
