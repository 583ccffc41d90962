using MagAlloc.Concurrency;
using MagAlloc.Platform;

namespace MagAlloc.Slabs;

/// <summary>Blocks larger than the largest class: runs of chunks straight from the range allocator.</summary>
/// <remarks>
/// <para>A run's size and length lie in its first chunk's header. The length is the token of ownership: a free swaps it for 0,
/// so of two frees exactly one wins. The page map tells the first chunk from the others, and freed ones from both.</para>
/// <para>A run may be smaller than the largest class: one that was to shrink into a class of which no block could be had, and
/// was cut where it lies. So shrinking needs no memory. Every free finds a block's kind in the page map, never by its size.</para>
/// <para>A freed run lies in <see cref="RunCache"/> first. Its head is marked as returned, its tails are not touched.</para>
/// <para>Growing and shrinking touch the chunks of the difference, whatever the size of the run; inside a page the size only.</para>
/// </remarks>
internal sealed unsafe class RunSpace
{
    private readonly Arena _arena;
    private readonly RunCache _cache;

    public RunSpace(Arena arena)
    {
        _arena = arena;
        _cache = arena.Runs = new RunCache(arena);
    }

    /// <summary>Runs in use.</summary>
    public long Blocks => _cache.Blocks;

    /// <summary>Bytes of the runs in use, in whole pages.</summary>
    public long Bytes => _cache.Bytes;

    /// <param name="byteCount">At least 1.</param>
    /// <param name="alignment">A power of two.</param>
    /// <param name="zeroed">Every byte is 0.</param>
    /// <returns>0 when there is no room, or no memory.</returns>
    public nuint Allocate(nuint byteCount, nuint alignment, bool zeroed)
    {
        if (byteCount > _arena.Bytes || alignment > _arena.BaseAlignment)
        {
            Refusal.Note(RefusalKind.Reservation);
            return 0;
        }

        int chunks = ChunksFor(byteCount);
        int chunkAlignment = (int)Math.Max(1, alignment >> Arena.ChunkShift);
        if (_cache.TryTake(chunks, chunkAlignment, out int first))
        {
            return Reuse(first, chunks, byteCount, zeroed);
        }

        // Before chunks are taken: to open the metadata of gigabytes and to give it back is dear. Dirty chunks would be taken, or go.
        long more = (long)byteCount - _arena.DirtyBytes;
        if (more > _arena.Committed.Limit - _arena.Committed.Value)
        {
            Refusal.Note(RefusalKind.ByteLimit);
            return 0;
        }

        if (!_arena.Committed.MayAdd(more))
        {
            return 0;
        }

        if (!_arena.TryTakeChunks(chunks, chunkAlignment, out first))
        {
            return 0;
        }

        nuint address = (nuint)_arena.AddressOf(first);
        if (!_arena.TryCommitRun(address, byteCount, zeroed))
        {
            _arena.FreeChunks(first, chunks);
            _arena.Committed.Transit.Pass();
            return 0;
        }

        _arena.DecommitBehind(address + byteCount);
        Publish(first, chunks, byteCount);
        _cache.Count(1, _cache.Rounded(byteCount));
        return address;
    }

    /// <summary>A run out of the cache: its pages are committed, its tails marked, and it is in the books.</summary>
    private nuint Reuse(int first, int chunks, nuint byteCount, bool zeroed)
    {
        ref ChunkHeader header = ref _arena.Header(first);
        nuint address = (nuint)_arena.AddressOf(first);
        nuint old = Math.Min((nuint)header.RunBytes, (nuint)chunks << Arena.ChunkShift);
        if ((zeroed || _cache.Rounded(byteCount) > _cache.Rounded(old)) && !_arena.TryCommitRun(address, byteCount, zeroed))
        {
            _cache.Count(-1, -_cache.Rounded((nuint)header.RunBytes));
            _cache.FreeChunks(first, chunks, header.LastReturn);
            _arena.Committed.Transit.Pass();
            return 0;
        }

        _cache.Count(0, _cache.Rounded(byteCount) - _cache.Rounded((nuint)header.RunBytes));
        if (byteCount < old)
        {
            _arena.DecommitBehind(address + byteCount);
        }

        header.RunBytes = byteCount;
        Atomic.Store(ref header.RunChunks, chunks);
        Atomic.Store(ref _arena.PageMap[first], PageMap.RunHead);
        return address;
    }

    /// <summary>Frees the run that begins at a chunk.</summary>
    /// <returns>False when none does: it was freed already.</returns>
    public bool TryFree(int chunk)
    {
        ref ChunkHeader header = ref _arena.Header(chunk);
        int chunks = Atomic.Load(ref header.RunChunks);
        if (chunks == 0 || Atomic.CompareExchange(ref header.RunChunks, 0, chunks) != chunks)
        {
            return false;
        }

        Atomic.Store(ref _arena.PageMap[chunk], PageMap.Returned);
        header.LastReturn = _arena.Pass;
        _cache.Put(chunk, chunks);
        return true;
    }

    /// <summary>Bytes that the owner of a run asked for.</summary>
    public nuint SizeOf(int chunk) => (nuint)_arena.Header(chunk).RunBytes;

    /// <summary>Bytes of a run that may be used.</summary>
    public nuint UsableSizeOf(int chunk) => (nuint)_cache.Rounded(SizeOf(chunk));

    /// <summary>Grows or shrinks a run where it lies.</summary>
    /// <returns>
    /// False when it was to grow and the chunks behind it are taken, or there is no memory; nothing has changed then. Shrinking never
    /// fails.
    /// </returns>
    public bool TryResize(int chunk, nuint byteCount)
    {
        if (byteCount > _arena.Bytes)
        {
            return false;
        }

        ref ChunkHeader header = ref _arena.Header(chunk);
        nuint old = (nuint)header.RunBytes;
        long difference = _cache.Rounded(byteCount) - _cache.Rounded(old);
        if (difference == 0)
        {
            header.RunBytes = byteCount;
            return true;
        }

        int oldChunks = header.RunChunks;
        int chunks = ChunksFor(byteCount);
        nuint start = (nuint)_arena.AddressOf(chunk);
        if (byteCount > old && !_arena.Committed.MayAdd((long)(byteCount - old) - _arena.DirtyBytes))
        {
            return false;
        }

        if (chunks > oldChunks && !_arena.TryTakeChunksAt(chunk + oldChunks, chunks - oldChunks))
        {
            return false;
        }

        if (byteCount > old && !_arena.TryCommitRun(start + old, byteCount - old, zeroDirty: false))
        {
            if (chunks > oldChunks)
            {
                _arena.FreeChunks(chunk + oldChunks, chunks - oldChunks);
                _arena.Committed.Transit.Pass();
            }

            return false;
        }

        header.RunBytes = byteCount;
        if (chunks > oldChunks)
        {
            _cache.Mark(chunk + oldChunks, chunks - oldChunks, PageMap.RunTail);
            Atomic.Store(ref header.RunChunks, chunks);
        }
        else if (chunks < oldChunks)
        {
            Atomic.Store(ref header.RunChunks, chunks);
            _cache.FreeChunks(chunk + chunks, oldChunks - chunks, _arena.Pass);
        }

        _arena.DecommitBehind(start + byteCount);
        _cache.Count(0, difference);
        return true;
    }

    private static int ChunksFor(nuint byteCount) => (int)((byteCount + (1 << Arena.ChunkShift) - 1) >> Arena.ChunkShift);

    private void Publish(int first, int chunks, nuint byteCount)
    {
        ref ChunkHeader header = ref _arena.Header(first);
        header.RunBytes = byteCount;
        Atomic.Store(ref header.RunChunks, chunks);
        _cache.Mark(first + 1, chunks - 1, PageMap.RunTail);
        Atomic.Store(ref _arena.PageMap[first], PageMap.RunHead);
    }
}
