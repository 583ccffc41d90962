using System.Runtime.CompilerServices;
using MagAlloc.Magazines;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <content>Free, reallocation and questions about blocks.</content>
public sealed unsafe partial class NativeHeap
{
    /// <summary>Frees a block of this heap, however it was allocated. Null does nothing.</summary>
    /// <param name="block">A block, or null.</param>
    /// <exception cref="HeapMisuseException">
    /// The pointer does not lie in memory that this heap handed out; with checks on, also if the block is free or the
    /// pointer is not its start.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public void Free(void* block)
    {
        nuint offset = (nuint)block - _arenaBase;
        ThreadCache* cache = CacheSlot<SlabSource>.t_last;

        // The cache first: while it is this heap's, the page map is mapped.
        if (cache != null && cache->EngineId == _fastId && offset < _arenaBytes)
        {
            int code = _pageMap[offset >> Arena.ChunkShift];
            if (!ThreadCache.TryPush(cache, code, (nuint)block))
            {
                FreeNext(cache, code, block);
            }

            return;
        }

        FreeSlow(block);
    }

    /// <summary>
    /// Frees a block whose size the caller states. The heap trusts the statement at <see cref="CheckLevel.None"/>: nobody compares it
    /// with the block, and the mistake that a wrong size comes from stays unseen. With checks on a wrong size is refused. Null does nothing.
    /// </summary>
    /// <param name="block">A block that was not allocated aligned, or null.</param>
    /// <param name="byteCount">The size in bytes that it was allocated, or last reallocated, with.</param>
    /// <exception cref="HeapMisuseException">With checks on: as <see cref="Free(void*)"/>, or the size is wrong.</exception>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public void FreeSized(void* block, nuint byteCount)
    {
        // The page map says the class, not the size: a block that could not be moved when it shrank is of a larger one, and would be
        // lost to it, and a wrong size would mix blocks of two classes.
        nuint offset = (nuint)block - _arenaBase;
        ThreadCache* cache = CacheSlot<SlabSource>.t_last;
        if (cache != null && cache->EngineId == _fastId && offset < _arenaBytes
            && ThreadCache.TryPush(cache, _pageMap[offset >> Arena.ChunkShift], (nuint)block))
        {
            return;
        }

        FreeSlow(block, byteCount);
    }

    /// <summary>Changes a block's size, as <c>NativeMemory.Realloc</c> does.</summary>
    /// <param name="block">A block, or null for a new one.</param>
    /// <param name="byteCount">The new size in bytes; 0 gives a valid pointer.</param>
    /// <returns>The block, or another one with its contents up to the smaller size; the old one is free then.</returns>
    /// <exception cref="OutOfMemoryException">
    /// As <see cref="Allocate(nuint)"/>; the old block is untouched. Never for a size that is not above <see cref="UsableSize"/>: where no smaller
    /// block can be had, the old one is returned.
    /// </exception>
    /// <exception cref="HeapMisuseException">As <see cref="Free(void*)"/>.</exception>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public void* Reallocate(void* block, nuint byteCount)
    {
        nuint last = byteCount - 1;
        nuint offset = (nuint)block - _arenaBase;
        ThreadCache* cache = CacheSlot<SlabSource>.t_last;
        if (last < SizeClasses.LargestBlock && cache != null && cache->EngineId == _fastId && offset < _arenaBytes)
        {
            int code = _pageMap[offset >> Arena.ChunkShift];
            if (code == SizeClasses.CodeOf(last) && _core.Slabs.IsStart(code, offset))
            {
                return block;
            }
        }

        return Reallocate(block, byteCount, SizeClasses.Granule);
    }

    /// <summary>Changes an aligned block's size, as <c>NativeMemory.AlignedRealloc</c> does.</summary>
    /// <param name="block">A block, or null for a new one.</param>
    /// <param name="byteCount">The new size in bytes; 0 gives a valid pointer.</param>
    /// <param name="alignment">A power of two, in bytes; the result's alignment.</param>
    /// <returns>As <see cref="Reallocate(void*, nuint)"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="alignment"/> is not a power of two.</exception>
    /// <exception cref="OutOfMemoryException">
    /// As <see cref="Reallocate(void*, nuint)"/>; a block that does not have the alignment has to be moved, though, and that can fail.
    /// </exception>
    /// <exception cref="HeapMisuseException">As <see cref="Free(void*)"/>.</exception>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public void* ReallocateAligned(void* block, nuint byteCount, nuint alignment)
    {
        RequirePowerOfTwo(alignment);
        return Reallocate(block, byteCount, Math.Max(alignment, SizeClasses.Granule), alignment);
    }

    /// <summary>Bytes of a block that may be used; at least what was asked for. 0 for null.</summary>
    /// <param name="block">A block, or null.</param>
    /// <exception cref="HeapMisuseException">As <see cref="Free(void*)"/>.</exception>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public nuint UsableSize(void* block)
    {
        if (block == null)
        {
            return 0;
        }

        ThreadCache* cache = _core.Protect();
        try
        {
            return _checks?.UsableSize((nuint)block) ?? _core.UsableSize((nuint)block);
        }
        finally
        {
            _core.Unprotect(cache);
        }
    }

    /// <summary>Whether a pointer lies in memory of this heap that is in use for blocks, allocated or free.</summary>
    /// <param name="block">Any pointer.</param>
    /// <exception cref="ObjectDisposedException">The heap is disposed.</exception>
    public bool Owns(void* block)
    {
        ThreadCache* cache = _core.Protect();
        try
        {
            return _core.Slabs.TryLocate((nuint)block, out _, out _, out _, out _) || _core.IsInRun((nuint)block);
        }
        finally
        {
            _core.Unprotect(cache);
        }
    }

    /// <summary>Free when the previous magazine is full, or there is none.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void FreeNext(ThreadCache* cache, int code, void* block)
    {
        if ((uint)(code - 1) >= SizeClasses.Count)
        {
            FreeSlow(block);
        }
        else if (!_core.Engine.TrySwapAndPush(cache, code, (nuint)block))
        {
            _core.SpillPinned(cache, code, (nuint)block);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void FreeSlow(void* block)
    {
        if (block == null)
        {
            return;
        }

        if (_checks is null)
        {
            _core.Free((nuint)block);
        }
        else
        {
            _checks.Free((nuint)block);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    internal void FreeSlow(void* block, nuint byteCount)
    {
        if (block == null)
        {
            return;
        }

        if (_checks is null)
        {
            _core.Free((nuint)block);
        }
        else
        {
            _checks.Free((nuint)block, byteCount);
        }
    }

    private void* Reallocate(void* block, nuint byteCount, nuint alignment, nuint required = 1)
    {
        if (block == null)
        {
            return Require(AllocateOrZero(byteCount, alignment, zeroed: false), byteCount);
        }

        ThreadCache* cache = _core.Protect();
        try
        {
            nuint old = _checks?.UsableSize((nuint)block) ?? _core.UsableSize((nuint)block);
            bool aligned = ((nuint)block & (required - 1)) == 0;
            if (aligned && Checks != CheckLevel.Full && TryResizeInPlace((nuint)block, Math.Max(byteCount, 1), alignment))
            {
                return block;
            }

            // Who gives memory back disturbs nobody for it.
            bool shrinks = aligned && byteCount <= old;
            nuint moved = AllocateOrZero(byteCount, alignment, zeroed: false, mayFlush: !shrinks);
            if (moved == 0)
            {
                if (aligned && (_checks?.TryKeep((nuint)block, byteCount) ?? _core.TryKeep((nuint)block, byteCount)))
                {
                    return block;
                }

                ThrowOutOfMemory(byteCount);
            }

            nuint kept = Math.Min(old, byteCount);
            Buffer.MemoryCopy(block, (void*)moved, kept, kept);
            try
            {
                FreeSlow(block);
            }
            catch (HeapMisuseException)
            {
                // The old block was found damaged. The caller gets the exception instead of the new one.
                FreeSlow((void*)moved);
                throw;
            }

            return (void*)moved;
        }
        finally
        {
            _core.Unprotect(cache);
        }
    }

    /// <summary>
    /// A block stays where it is only if a fresh one of that size would be of the same class: so shrinking gives memory back.
    /// </summary>
    private bool TryResizeInPlace(nuint block, nuint byteCount, nuint alignment)
    {
        int wanted = HeapCore.CodeFor(byteCount, alignment);
        return _core.IsRun(block, out int chunk)
            ? wanted == 0 && _core.Runs.TryResize(chunk, byteCount)
            : _core.Slabs.TryLocate(block, out _, out int code, out _, out _) && code == wanted;
    }
}
