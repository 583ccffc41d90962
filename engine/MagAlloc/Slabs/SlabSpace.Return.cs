using System.Numerics;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Slabs;

/// <content>Blocks on their way home, and pages on their way back to the operating system.</content>
internal sealed unsafe partial class SlabSpace
{
    // Grouping a few blocks costs more than the atomic steps it saves.
    private const int GroupFrom = 8;
    private const int GroupUpTo = 128;
    private const int Groups = 64;

    /// <summary>Takes blocks of a class back. Reorders them. Wrong ones are reported and left out.</summary>
    public void Release(int code, nuint* blocks, int count) => Release(code, blocks, count, stamp: true);

    // Without a stamp come those blocks home that only left to have their pages decommitted.
    private void Release(int code, nuint* blocks, int count, bool stamp)
    {
        if (count is >= GroupFrom and <= GroupUpTo)
        {
            GroupBySlab(code, blocks, count);
        }

        for (int i = 0; i < count;)
        {
            nuint block = blocks[i];
            if (!TryLocate(block, out int chunk, out int found, out _, out nuint offset) || found != code || offset != 0)
            {
                _misuse.Report(KindOf(block, found, offset), block);
                i++;
                continue;
            }

            i = ReturnToSlab(chunk, code, blocks, i, count, stamp);
        }
    }

    /// <summary>Decommits the free pages of slabs that no block came back to since a pass.</summary>
    /// <param name="unusedSince">The pass.</param>
    /// <param name="bytes">Raised by the bytes decommitted.</param>
    /// <returns>Whether slabs are left that may have something to decommit later.</returns>
    public bool Purge(int unusedSince, ref long bytes)
    {
        int frontier = _arena.Ranges.Frontier;
        bool left = false;
        for (int chunk = 0; chunk < frontier; chunk++)
        {
            int ahead = new ReadOnlySpan<byte>(_arena.PartialMap + chunk, frontier - chunk).IndexOfAnyExcept((byte)0);
            if (ahead < 0)
            {
                break;
            }

            chunk += ahead;
            ref ChunkHeader header = ref _arena.Header(chunk);
            if (Atomic.Load(ref header.Purgeable) == 0)
            {
                continue;
            }

            if (header.LastReturn - unusedSince >= 0)
            {
                left = true;
                continue;
            }

            // Free blocks are out of sight meanwhile; a request that met that shall look again.
            _arena.Committed.Transit.Begin();
            bytes += PurgeSlab(chunk);
            _arena.Committed.Transit.End();
        }

        return left;
    }

    private MisuseKind KindOf(nuint address, int code, nuint offset)
    {
        if (_arena.Contains(address) && code == PageMap.Returned)
        {
            return MisuseKind.DoubleFree;
        }

        return code > 0 && code <= _classes.Length && offset != 0 ? MisuseKind.MisalignedPointer
            : code > 0 && code <= _classes.Length ? MisuseKind.WrongSize
            : MisuseKind.ForeignPointer;
    }

    /// <summary>Makes blocks of one slab neighbours: they go home with one atomic step for each word of its bitmap.</summary>
    /// <remarks>
    /// A counting sort by the low bits of the slab's number. Two slabs that fall into one group cost a few steps more and
    /// nothing else, so there is no need for a real sort, which took a fifth of a replayed program's time.
    /// </remarks>
    [SkipLocalsInit]
    private void GroupBySlab(int code, nuint* blocks, int count)
    {
        nuint* copy = stackalloc nuint[GroupUpTo];
        byte* ends = stackalloc byte[Groups];
        new Span<byte>(ends, Groups).Clear();
        int shift = Arena.ChunkShift + BitOperations.Log2((uint)Class(code).Chunks);
        for (int i = 0; i < count; i++)
        {
            // Read once: a disposal on another thread may be zeroing the magazine that the blocks lie in.
            copy[i] = blocks[i];
            ends[(copy[i] >> shift) % Groups]++;
        }

        int end = 0;
        for (int group = 0; group < Groups; group++)
        {
            end += ends[group];
            ends[group] = (byte)end;
        }

        for (int i = count - 1; i >= 0; i--)
        {
            blocks[--ends[(copy[i] >> shift) % Groups]] = copy[i];
        }
    }

    /// <returns>Index of the first block that belongs elsewhere.</returns>
    [SkipLocalsInit]
    private int ReturnToSlab(int chunk, int code, nuint* blocks, int from, int count, bool stamp)
    {
        ref readonly SlabClass slab = ref Class(code);
        nuint start = (nuint)_arena.AddressOf(chunk);
        nuint length = (nuint)slab.Blocks * (nuint)slab.BlockBytes;
        ulong* bitmap = _arena.Bitmap(chunk);
        ulong* masks = stackalloc ulong[Arena.BitmapWords];
        ulong touched = 0;
        int returned = 0;
        int i = from;
        for (; i < count; i++)
        {
            // Read once: a disposal on another thread may be zeroing the magazine that the blocks lie in.
            nuint inSlab = blocks[i] - start;
            if (inSlab >= length)
            {
                break;
            }

            int index = slab.IndexOf(inSlab);
            if ((nuint)index * (nuint)slab.BlockBytes != inSlab)
            {
                _misuse.Report(MisuseKind.MisalignedPointer, start + inSlab);
                continue;
            }

            int word = index / 64;
            ulong bit = 1UL << (index % 64);
            ulong before = (touched & (1UL << word)) != 0 ? masks[word] : 0;
            if ((before & bit) != 0)
            {
                // Twice in one batch: the second time must find the bit set.
                returned += SetBits(bitmap, word, before, start, slab.BlockBytes);
                before = 0;
            }

            masks[word] = before | bit;
            touched |= 1UL << word;
        }

        for (; touched != 0; touched &= touched - 1)
        {
            int word = BitOperations.TrailingZeroCount(touched);
            returned += SetBits(bitmap, word, masks[word], start, slab.BlockBytes);
        }

        if (returned > 0)
        {
            Atomic.Add(ref _outstanding[code].Value, -returned);
            RaiseCount(chunk, code, returned, stamp);
        }

        return i;
    }

    /// <returns>How many bits were clear before: blocks that really were outstanding.</returns>
    private int SetBits(ulong* bitmap, int word, ulong mask, nuint start, int blockBytes)
    {
        ulong twice = Atomic.Or(ref bitmap[word], mask) & mask;
        for (ulong rest = twice; rest != 0; rest &= rest - 1)
        {
            int index = (word * 64) + BitOperations.TrailingZeroCount(rest);
            _misuse.Report(MisuseKind.DoubleFree, start + ((nuint)index * (nuint)blockBytes));
        }

        return BitOperations.PopCount(mask & ~twice);
    }

    private void RaiseCount(int chunk, int code, int returned, bool stamp)
    {
        ref ChunkHeader header = ref _arena.Header(chunk);
        ulong state = Atomic.Load(ref header.Slab);
        while (true)
        {
            if (SlabState.Code(state) != code)
            {
                // Blocks of ours are outstanding, so the slab lives: the heap was disposed and its metadata zeroed.
                return;
            }

            ulong now = Atomic.CompareExchange(ref header.Slab, SlabState.WithFree(state, returned), state);
            if (now == state)
            {
                break;
            }

            state = now;
        }

        if (stamp)
        {
            // After the count: stamped before it, a purge could clear the mark and miss these blocks. If the slab is gone by
            // now, the mark costs its successor one needless purge.
            header.LastReturn += Math.Max(0, _arena.UnusedSince - header.LastReturn);
            Atomic.Store(ref header.Purgeable, 1);
        }

        if (SlabState.Free(state) == 0)
        {
            Atomic.Add(ref _partial[code].Value, 1);
            PublishPartial(chunk);
        }

        if (SlabState.Free(state) + returned == Class(code).Blocks)
        {
            if (stamp && Class(code).BlockBytes > SizeClasses.LargestShared)
            {
                RetireLater(chunk);
                return;
            }

            TryRetire(chunk, code);
        }
    }

    /// <summary>
    /// Keeps the slab that was emptied last, if its blocks are too large for magazines: it would be made and retired at every
    /// other operation. The one kept before goes, and a purge takes this one too once it has lain unused.
    /// </summary>
    private void RetireLater(int chunk)
    {
        int before = Atomic.Exchange(ref _kept, chunk + 1) - 1;
        if (before >= 0 && before != chunk)
        {
            int code = SlabState.Code(Atomic.Load(ref _arena.Header(before).Slab));
            if (code > 0 && code <= _classes.Length)
            {
                TryRetire(before, code);
            }
        }
    }

    private bool TryRetire(int chunk, int code)
    {
        ref readonly SlabClass slab = ref Class(code);
        ref ulong location = ref _arena.Header(chunk).Slab;
        ulong state = Atomic.Load(ref location);
        if (SlabState.Code(state) != code || SlabState.Free(state) != slab.Blocks
            || Atomic.CompareExchange(ref location, SlabState.Retired(state), state) != state)
        {
            return false;
        }

        Atomic.Add(ref _partial[code].Value, -1);
        Atomic.Add(ref _capacity[code].Value, -slab.Blocks);
        PublishPartial(chunk);
        for (int i = 0; i < slab.Chunks; i++)
        {
            Atomic.Store(ref _arena.PageMap[chunk + i], PageMap.Returned);
        }

        _arena.FreeChunks(chunk, slab.Chunks);
        TellSlab(chunk, code, claimed: false);
        return true;
    }

    /// <summary>Claims all free blocks of a slab, decommits the pages that no other block touches, and puts them back.</summary>
    private long PurgeSlab(int chunk)
    {
        ref ChunkHeader header = ref _arena.Header(chunk);
        Atomic.Store(ref header.Purgeable, 0);
        ulong state = Atomic.Load(ref header.Slab);
        int code = SlabState.Code(state);
        int free = SlabState.Free(state);
        if (code == 0 || code > _classes.Length || free == 0)
        {
            return 0;
        }

        nuint* blocks = stackalloc nuint[Arena.MaxBlocks];
        if (Atomic.CompareExchange(ref header.Slab, SlabState.WithFree(state, -free), state) != state)
        {
            // Somebody is working with the slab, so it is not idle; the next pass comes again.
            Atomic.Store(ref header.Purgeable, 1);
            return 0;
        }

        Atomic.Add(ref _partial[code].Value, -1);
        PublishPartial(chunk);
        int got = TakeBits(chunk, code, blocks, free);
        Atomic.Add(ref _outstanding[code].Value, got);
        new Span<nuint>(blocks, got).Sort();
        nuint blockBytes = (nuint)Class(code).BlockBytes;
        long bytes = 0;
        for (int i = 0; i < got;)
        {
            nuint from = blocks[i++];
            nuint to = from + blockBytes;
            for (; i < got && blocks[i] == to; i++)
            {
                to += blockBytes;
            }

            bytes += DecommitWithin(chunk, code, from, to);
        }

        Release(code, blocks, got, stamp: false);
        return bytes;
    }

    private long DecommitWithin(int slabChunk, int code, nuint from, nuint to)
    {
        long bytes = 0;
        for (nuint at = from; at < to;)
        {
            int chunk = _arena.ChunkOf(at);
            nuint start = (nuint)_arena.AddressOf(chunk);
            nuint stop = Math.Min(to, start + ((nuint)1 << Arena.ChunkShift));
            uint pages = _arena.WholePageMask((uint)(at - start), (uint)(stop - start));
            if (pages != 0)
            {
                if (_initializer != null)
                {
                    Unmark(slabChunk, code, start, pages);
                }

                bytes += _arena.Decommit(chunk, pages);
            }

            at = stop;
        }

        return bytes;
    }

    /// <summary>Blocks on pages that are about to lose their contents will have to be initialised again.</summary>
    private void Unmark(int slabChunk, int code, nuint chunkStart, uint pages)
    {
        ref readonly SlabClass slab = ref Class(code);
        nuint slabStart = (nuint)_arena.AddressOf(slabChunk);
        nuint pageBytes = (nuint)_arena.PageBytes;
        for (; pages != 0; pages &= pages - 1)
        {
            nuint from = chunkStart - slabStart + ((nuint)BitOperations.TrailingZeroCount(pages) * pageBytes);
            int last = Math.Min(slab.IndexOf(from + pageBytes - 1), slab.Blocks - 1);
            for (int index = slab.IndexOf(from); index <= last; index++)
            {
                Atomic.And(ref _arena.Marks(slabChunk)[index / 64], ~(1UL << (index % 64)));
            }
        }
    }
}
