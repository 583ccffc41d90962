using System.Numerics;
using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Slabs;

namespace MagAlloc.Interleaving.Slabs;

/// <summary>Slabs of a few large blocks over a small arena, with a record of who holds which block.</summary>
internal sealed unsafe class SlabWorld : IDisposable
{
    /// <summary>Four blocks of 16 KiB in one chunk.</summary>
    public const int Quarters = 1;

    /// <summary>Two blocks of 32 KiB in one chunk.</summary>
    public const int Halves = 2;

    /// <summary>Two blocks of 64 KiB in two chunks.</summary>
    public const int Wholes = 3;

    /// <summary>512 blocks of 128 bytes in one chunk: many on a page, eight words of bitmap.</summary>
    public const int Small = 4;

    private const int ReservedBytes = 4 << 20;

    private readonly Dictionary<nuint, ulong> _owners = [];
    private ulong _lastOwner;

    public SlabWorld(int chunks = ReservedBytes >> Arena.ChunkShift, long limit = long.MaxValue)
    {
        Committed = new BoundedCounter(limit);
        Arena = new Arena((nuint)chunks << Arena.ChunkShift, Committed, withMarks: false, faults: null);
        Slabs = new SlabSpace(
            Arena, [new(16 << 10, 4), new(32 << 10, 2), new(64 << 10, 2), new(128, 2)], new StrictSink(), initializer: null, faults: null);
    }

    public BoundedCounter Committed { get; }

    public Arena Arena { get; }

    public SlabSpace Slabs { get; }

    /// <summary>Takes up to <paramref name="count"/> blocks and writes into each.</summary>
    public nuint[] Take(int code, int count)
    {
        nuint* into = stackalloc nuint[count];
        int got = Slabs.Acquire(code, into, count);
        Must.Hold(got <= count);
        nuint[] blocks = new Span<nuint>(into, got).ToArray();
        foreach (nuint block in blocks)
        {
            // Noted at once: the look-up below makes steps, and others run in between.
            ulong owner = ++_lastOwner;
            Must.Hold(_owners.TryAdd(block, owner), "a block is handed out once");
            *(ulong*)block = owner;
            *(ulong*)(block + (nuint)Slabs.Class(code).BlockBytes - 8) = owner;
            Must.Hold(
                Slabs.TryLocate(block, out _, out int found, out _, out nuint offset) && found == code && offset == 0,
                "what is handed out is a block of the class");
        }

        return blocks;
    }

    /// <summary>Checks what was written, and gives the blocks back.</summary>
    public void Give(int code, params ReadOnlySpan<nuint> blocks)
    {
        nuint* from = stackalloc nuint[blocks.Length];
        blocks.CopyTo(new Span<nuint>(from, blocks.Length));
        foreach (nuint block in blocks)
        {
            Must.Hold(_owners.Remove(block, out ulong owner), "only its holder gives a block back");
            CheckContents(code, block, owner);
        }

        Slabs.Release(code, from, blocks.Length);
    }

    /// <summary>What the reclaim worker does every interval, for blocks that came back in this interval too.</summary>
    public void Purge()
    {
        long bytes = 0;
        Slabs.Purge(Arena.Pass + 1, ref bytes);
        Arena.PurgeDirty(Arena.Pass + 1);
    }

    /// <summary>At rest: books, bitmaps, states and the map of partial slabs agree.</summary>
    /// <param name="missing">Blocks that a stopped thread may hold.</param>
    public void Check(int missing = 0)
    {
        foreach ((nuint block, ulong owner) in _owners)
        {
            Slabs.TryLocate(block, out _, out int code, out _, out _);
            CheckContents(code, block, owner);
        }

        for (int code = 1; code <= Slabs.ClassCount; code++)
        {
            Check(code, missing);
        }
    }

    /// <summary>At rest, after a purge: behind no free block does memory stay committed.</summary>
    public void CheckNothingStaysCommitted()
    {
        Purge();
        CheckCommitted();
        Must.Be(Arena.DirtyBytes, 0, "dirty bytes");
    }

    /// <summary>Exactly the pages under held blocks are charged.</summary>
    public void CheckCommitted()
    {
        HashSet<nuint> pages = [];
        foreach (nuint block in _owners.Keys)
        {
            Slabs.TryLocate(block, out _, out int code, out _, out _);
            for (nuint at = block; at < block + (nuint)Slabs.Class(code).BlockBytes; at += (nuint)Arena.PageBytes)
            {
                pages.Add(at / (nuint)Arena.PageBytes);
            }
        }

        Must.Be((Committed.Value - Arena.MetadataBytes) / Arena.PageBytes, pages.Count, "pages committed");
    }

    public void Dispose() => Arena.Release();

    private void CheckContents(int code, nuint block, ulong owner)
        => Must.Hold(
            *(ulong*)block == owner && *(ulong*)(block + (nuint)Slabs.Class(code).BlockBytes - 8) == owner,
            "a block keeps its contents while it is held");

    private void Check(int code, int missing)
    {
        int blocks = Slabs.Class(code).Blocks;
        int slabs = 0, free = 0, bits = 0;
        for (int chunk = 0; chunk < Arena.Ranges.Frontier; chunk++)
        {
            ulong state = Arena.Header(chunk).Slab;
            if (SlabState.Code(state) != code)
            {
                Must.Hold(missing > 0 || Arena.PartialMap[chunk] != code, $"chunk {chunk} is partial for a class that it does not serve");
                continue;
            }

            slabs++;
            free += SlabState.Free(state);
            for (int word = 0; word < Arena.BitmapWords; word++)
            {
                // Words behind the last block may hold what an earlier class left.
                bits += word < (blocks + 63) / 64 ? BitOperations.PopCount(Arena.Bitmap(chunk)[word]) : 0;
            }

            // Of slabs whose blocks no magazine caches the one emptied last is kept.
            bool mayBeKept = Slabs.Class(code).BlockBytes > SizeClasses.LargestShared;
            Must.Hold(missing > 0 || mayBeKept || SlabState.Free(state) < blocks, "an entirely free slab has been retired");
            Must.Hold(
                missing > 0 || Arena.PartialMap[chunk] == (SlabState.Free(state) > 0 ? code : 0),
                $"the partial map says {Arena.PartialMap[chunk]} of chunk {chunk}, which has {SlabState.Free(state)} free blocks");
        }

        int held = _owners.Keys.Count(block => Slabs.TryLocate(block, out _, out int of, out _, out _) && of == code);
        int lost = (slabs * blocks) - held - free;
        Must.Hold(lost >= 0 && lost <= missing, $"class {code}: {lost} blocks are lost, {missing} may be");
        Must.Hold(bits >= free && bits <= free + missing, $"class {code}: {bits} bits for {free} free blocks");
        if (missing == 0)
        {
            Must.Be(Slabs.Capacity(code), slabs * blocks, $"capacity of class {code}");
            Must.Be(Slabs.Outstanding(code), held, $"blocks of class {code} outstanding");
            CheckAllFreeAreFound(code, free);
        }
    }

    private void CheckAllFreeAreFound(int code, int free)
    {
        nuint* into = stackalloc nuint[free + 1];
        int got = 0;
        while (got < free)
        {
            got += Slabs.Acquire(code, into + got, free - got);
            Must.Hold(Slabs.Capacity(code) == Slabs.Outstanding(code) + free - got, $"a slab of class {code} was made while {free} blocks are free");
        }

        Slabs.Release(code, into, got);
    }
}
