using System.Numerics;
using System.Runtime.CompilerServices;
using MagAlloc.Magazines;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <content>Allocation.</content>
public sealed unsafe partial class NativeHeap
{
    /// <summary>
    /// Opens this thread's cache for a hot loop: operations on the handle skip the look-up of the thread. The cache is made if the
    /// thread has none, and stays pinned until the handle is disposed: use it on this thread only, and dispose it.
    /// </summary>
    /// <returns>A handle, good for this thread. Each call pins the cache once more.</returns>
    /// <exception cref="OutOfMemoryException">There is no memory for the thread's cache.</exception>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public HeapThread OpenThread() => new(this);

    /// <summary>Allocates a block, as <c>NativeMemory.Alloc</c> does.</summary>
    /// <param name="byteCount">Size in bytes; 0 gives a valid pointer of its own.</param>
    /// <returns>At least <paramref name="byteCount"/> bytes, aligned to 16, contents undefined.</returns>
    /// <exception cref="OutOfMemoryException">
    /// The byte limit, the reservation, the machine or a memory control group is exhausted, even after caches were flushed. The message names which, and what is
    /// allocated, cached and committed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public void* Allocate(nuint byteCount)
    {
        // Size 0 wraps round and takes the slow path with the large ones: one comparison for both.
        nuint last = byteCount - 1;
        ThreadCache* cache = CacheSlot<SlabSource>.t_last;
        if (last < SizeClasses.LargestBlock && cache != null && cache->EngineId == _fastId)
        {
            int code = SizeClasses.CodeOf(last);
            return ThreadCache.TryPop(cache, code, out nuint block) ? (void*)block : AllocateNext(cache, code, byteCount);
        }

        return AllocateSlow(byteCount);
    }

    /// <summary>Allocates an array.</summary>
    /// <param name="elementCount">Number of elements.</param>
    /// <param name="elementSize">Size of an element in bytes.</param>
    /// <returns>As <see cref="Allocate(nuint)"/> of the product.</returns>
    /// <exception cref="OutOfMemoryException">As <see cref="Allocate(nuint)"/>, or the product overflows.</exception>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public void* Allocate(nuint elementCount, nuint elementSize) => Allocate(Product(elementCount, elementSize));

    /// <summary>Allocates a block whose first <paramref name="byteCount"/> bytes are 0.</summary>
    /// <param name="byteCount">Size in bytes; 0 gives a valid pointer of its own.</param>
    /// <returns>At least <paramref name="byteCount"/> bytes, aligned to 16.</returns>
    /// <exception cref="OutOfMemoryException">As <see cref="Allocate(nuint)"/>.</exception>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public void* AllocateZeroed(nuint byteCount)
    {
        nuint last = byteCount - 1;
        ThreadCache* cache = CacheSlot<SlabSource>.t_last;
        if (last < SizeClasses.LargestShared && cache != null && cache->EngineId == _fastId
            && ThreadCache.TryPop(cache, SizeClasses.CodeOf(last), out nuint block))
        {
            Unsafe.InitBlockUnaligned((void*)block, 0, (uint)byteCount);
            return (void*)block;
        }

        return Require(AllocateOrZero(byteCount, SizeClasses.Granule, zeroed: true), byteCount);
    }

    /// <summary>Allocates a zeroed array, as <c>NativeMemory.AllocZeroed</c> does.</summary>
    /// <param name="elementCount">Number of elements.</param>
    /// <param name="elementSize">Size of an element in bytes.</param>
    /// <returns>As <see cref="AllocateZeroed(nuint)"/> of the product.</returns>
    /// <exception cref="OutOfMemoryException">As <see cref="Allocate(nuint)"/>, or the product overflows.</exception>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public void* AllocateZeroed(nuint elementCount, nuint elementSize) => AllocateZeroed(Product(elementCount, elementSize));

    /// <summary>Allocates an aligned block, as <c>NativeMemory.AlignedAlloc</c> does. <see cref="Free(void*)"/> frees it.</summary>
    /// <param name="byteCount">Size in bytes; 0 gives a valid pointer of its own.</param>
    /// <param name="alignment">A power of two, in bytes; up to 1 GiB, and no more than the heap's reservation.</param>
    /// <returns>At least <paramref name="byteCount"/> bytes, contents undefined.</returns>
    /// <exception cref="ArgumentException"><paramref name="alignment"/> is not a power of two.</exception>
    /// <exception cref="OutOfMemoryException">As <see cref="Allocate(nuint)"/>.</exception>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public void* AllocateAligned(nuint byteCount, nuint alignment)
    {
        // Size 0, sizes that wrap round and alignment 0 take the slow path.
        nuint last = ((byteCount + alignment - 1) & ~(alignment - 1)) - 1;
        ThreadCache* cache = CacheSlot<SlabSource>.t_last;
        if (last < SizeClasses.LargestBlock && alignment <= 1 << Arena.ChunkShift && BitOperations.IsPow2(alignment)
            && cache != null && cache->EngineId == _fastId && ThreadCache.TryPop(cache, SizeClasses.CodeOf(last), out nuint block))
        {
            return (void*)block;
        }

        return AllocateAlignedSlow(byteCount, alignment);
    }

    /// <summary>Allocates a block if there is memory.</summary>
    /// <param name="byteCount">Size in bytes; 0 gives a valid pointer of its own.</param>
    /// <param name="block">The block, or null.</param>
    /// <returns>False when there is no memory, even after caches were flushed.</returns>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public bool TryAllocate(nuint byteCount, out void* block)
    {
        nuint last = byteCount - 1;
        ThreadCache* cache = CacheSlot<SlabSource>.t_last;
        if (last < SizeClasses.LargestBlock && cache != null && cache->EngineId == _fastId
            && ThreadCache.TryPop(cache, SizeClasses.CodeOf(last), out nuint found))
        {
            block = (void*)found;
            return true;
        }

        block = (void*)AllocateOrZero(byteCount, SizeClasses.Granule, zeroed: false);
        return block != null;
    }

    internal nuint AllocateOrZero(nuint byteCount, nuint alignment, bool zeroed, bool mayFlush = true)
        => _checks is null
            ? _core.Allocate(byteCount, alignment, zeroed, mayFlush)
            : _checks.Allocate(byteCount, alignment, zeroed, mayFlush);

    /// <summary>Allocation when the loaded magazine is empty.</summary>
    /// <remarks>In two methods, so that the loop over one large block does not pay for saving the second one's registers.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void* AllocateNext(ThreadCache* cache, int code, nuint byteCount)
        => code > SizeClasses.LastOfMany
            && (cache->SampleMean == 0
                ? ThreadCache.TryPopPrevious(cache, code, out nuint block)
                : MagazineEngine<SlabSource>.TryPopPreviousSampled(cache, code, out block))
            ? (void*)block
            : AllocateByExchange(cache, code, byteCount);

    /// <summary>
    /// <see cref="AllocateNext"/> for a handle, which a disposal cannot keep off its cache: a free that had read the page map before may push a block
    /// behind it, so that the magazines do not read zero for good.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void* AllocateNextHeld(ThreadCache* cache, int code, nuint byteCount)
    {
        ObjectDisposedException.ThrowIf(_core.Engine.IsClosed, this);
        return AllocateNext(cache, code, byteCount);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void* AllocateByExchange(ThreadCache* cache, int code, nuint byteCount)
    {
        if (_core.Engine.TrySwapAndPop(cache, code, out nuint block) || (block = _core.RefillPinned(cache, code)) != 0)
        {
            return (void*)block;
        }

        return AllocateSlow(byteCount);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void* AllocateSlow(nuint byteCount) => Require(AllocateOrZero(byteCount, SizeClasses.Granule, zeroed: false), byteCount);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void* AllocateAlignedSlow(nuint byteCount, nuint alignment)
    {
        RequirePowerOfTwo(alignment);
        return Require(AllocateOrZero(byteCount, Math.Max(alignment, SizeClasses.Granule), zeroed: false), byteCount);
    }

    private void* Require(nuint block, nuint byteCount)
    {
        if (block == 0)
        {
            ThrowOutOfMemory(byteCount);
        }

        return (void*)block;
    }

    private static nuint Product(nuint count, nuint size)
    {
        UInt128 product = (UInt128)count * size;

        // As NativeMemory: an overflow is a request that no machine can meet.
        return product > nuint.MaxValue ? nuint.MaxValue : (nuint)product;
    }

    private static void RequirePowerOfTwo(nuint alignment)
    {
        if (!BitOperations.IsPow2(alignment))
        {
            throw new ArgumentException("The alignment must be a power of two.", nameof(alignment));
        }
    }
}
