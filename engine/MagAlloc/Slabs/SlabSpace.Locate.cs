using MagAlloc.Concurrency;

namespace MagAlloc.Slabs;

/// <content>From an address to its slab and block.</content>
internal sealed unsafe partial class SlabSpace
{
    /// <summary>Finds the block that an address lies in.</summary>
    /// <returns>False when the address does not lie in a block of a class.</returns>
    public bool TryLocate(nuint address, out int chunk, out int code, out int index, out nuint offset)
    {
        chunk = 0;
        index = 0;
        offset = 0;
        code = 0;
        if (!_arena.Contains(address))
        {
            return false;
        }

        chunk = _arena.ChunkOf(address);
        code = Atomic.Load(ref _arena.PageMap[chunk]);
        if (code == 0 || code > _classes.Length)
        {
            return false;
        }

        ref readonly SlabClass slab = ref Class(code);
        chunk &= -slab.Chunks;
        nuint inSlab = address - (nuint)_arena.AddressOf(chunk);
        index = slab.IndexOf(inSlab);
        offset = inSlab - ((nuint)index * (nuint)slab.BlockBytes);
        return index < slab.Blocks;
    }

    /// <summary>Whether a block begins at an offset into the arena that lies in a slab of the class.</summary>
    public bool IsStart(int code, nuint offset)
    {
        ref readonly SlabClass slab = ref Class(code);
        nuint inSlab = offset & (((nuint)slab.Chunks << Arena.ChunkShift) - 1);
        int index = slab.IndexOf(inSlab);
        return (nuint)index * (nuint)slab.BlockBytes == inSlab && index < slab.Blocks;
    }

    /// <summary>
    /// Notes that a block's owner has it for a size of a smaller class: one was not to be had when the block was to shrink. It stays
    /// a block of its class for everybody but those who hold the size of a sized free against it.
    /// </summary>
    public void NoteShrunk(int chunk) => Atomic.Store(ref _arena.Header(chunk).Shrunk, 1);

    /// <summary>Whether a size of a smaller class may be that of a block of the slab. No mark a block: a slab has few such at most.</summary>
    public bool MayBeShrunk(int chunk) => Atomic.Load(ref _arena.Header(chunk).Shrunk) != 0;

    /// <summary>Whether the block at an index lies free in its slab. For checks; the answer may be stale at once.</summary>
    public bool IsFree(int chunk, int index)
        => (Atomic.Load(ref _arena.Bitmap(chunk)[index / 64]) & (1UL << (index % 64))) != 0;
}
