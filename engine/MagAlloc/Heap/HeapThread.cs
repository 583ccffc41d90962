using System.Runtime.CompilerServices;
using MagAlloc.Magazines;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <summary>The calling thread's cache in a heap, held for a hot loop. Get it from <see cref="NativeHeap.OpenThread()"/>.</summary>
/// <remarks>
/// A <c>ref struct</c>, so that it cannot leave the stack of its thread. Operations mean what those of the heap mean. Under
/// checks they are the heap's own. After the heap's disposal allocations are refused, and so are frees, except that a sized free may do nothing.
/// A handle that is not disposed keeps the address space of a disposed heap.
/// </remarks>
public unsafe ref struct HeapThread : IDisposable
{
    private readonly NativeHeap _heap;
    private readonly nuint _arenaBase;
    private readonly nuint _arenaBytes;
    private readonly byte* _pageMap;
    private ThreadCache* _cache;

    internal HeapThread(NativeHeap heap)
    {
        _heap = heap;
        HeapCore core = heap.Core;
        if (core.Engine.IsClosed)
        {
            throw new ObjectDisposedException(heap.Name);
        }

        if (heap.BlockChecks is not null)
        {
            return;
        }

        _cache = core.Engine.Current();
        if (_cache == null)
        {
            throw heap.Core.OutOfMemory("the thread's cache");
        }

        core.Engine.Pin(_cache);
        _arenaBase = (nuint)core.Arena.Base;
        _arenaBytes = core.Arena.Bytes;
        _pageMap = core.Arena.PageMap;
    }

    /// <inheritdoc cref="NativeHeap.Allocate(nuint)"/>
    public readonly void* Allocate(nuint byteCount)
    {
        nuint last = byteCount - 1;
        if (last < SizeClasses.LargestBlock && _cache != null)
        {
            int code = SizeClasses.CodeOf(last);
            return ThreadCache.TryPop(_cache, code, out nuint block) ? (void*)block : _heap.AllocateNextHeld(_cache, code, byteCount);
        }

        return _heap.AllocateSlow(byteCount);
    }

    /// <inheritdoc cref="NativeHeap.AllocateZeroed(nuint)"/>
    public readonly void* AllocateZeroed(nuint byteCount)
    {
        nuint last = byteCount - 1;
        if (last < SizeClasses.LargestShared && _cache != null
            && ThreadCache.TryPop(_cache, SizeClasses.CodeOf(last), out nuint block))
        {
            Unsafe.InitBlockUnaligned((void*)block, 0, (uint)byteCount);
            return (void*)block;
        }

        return _heap.AllocateZeroed(byteCount);
    }

    /// <inheritdoc cref="NativeHeap.TryAllocate(nuint, out void*)"/>
    public readonly bool TryAllocate(nuint byteCount, out void* block)
    {
        nuint last = byteCount - 1;
        if (last < SizeClasses.LargestBlock && _cache != null
            && ThreadCache.TryPop(_cache, SizeClasses.CodeOf(last), out nuint found))
        {
            block = (void*)found;
            return true;
        }

        return _heap.TryAllocate(byteCount, out block);
    }

    /// <inheritdoc cref="NativeHeap.Free(void*)"/>
    public readonly void Free(void* block)
    {
        nuint offset = (nuint)block - _arenaBase;
        if (offset < _arenaBytes && _cache != null)
        {
            int code = _pageMap[offset >> Arena.ChunkShift];
            if (!ThreadCache.TryPush(_cache, code, (nuint)block))
            {
                _heap.FreeNext(_cache, code, block);
            }

            return;
        }

        _heap.FreeSlow(block);
    }

    /// <inheritdoc cref="NativeHeap.FreeSized(void*, nuint)"/>
    public readonly void FreeSized(void* block, nuint byteCount)
    {
        nuint offset = (nuint)block - _arenaBase;
        if (offset < _arenaBytes && _cache != null && ThreadCache.TryPush(_cache, _pageMap[offset >> Arena.ChunkShift], (nuint)block))
        {
            return;
        }

        _heap.FreeSlow(block, byteCount);
    }

    /// <summary>Lets go of the cache, and of the heap if that is disposed. The handle must not be used afterwards.</summary>
    public void Dispose()
    {
        if (_cache != null)
        {
            _heap.Core.Engine.Unpin(_cache);
            _cache = null;
        }
    }
}
