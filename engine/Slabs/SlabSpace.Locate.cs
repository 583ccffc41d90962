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

    /// <summary>Whether the block at an index lies free in its slab. For checks; the answer may be stale at once.</summary>
    public bool IsFree(int chunk, int index)
        => (Atomic.Load(ref _arena.Bitmap(chunk)[index / 64]) & (1UL << (index % 64))) != 0;
}
