using System.Numerics;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <content>Frees of many blocks of one order: what a magazine brings home.</content>
internal sealed unsafe partial class RangeTree
{
    // Blocks looked at together, places for their words, and how few are not worth a table.
    private const int Batch = 128;
    private const int PlaceBits = 8;
    private const int Few = 6;

    /// <summary>Frees blocks of one order, marked or not: those that share a word, in one step.</summary>
    /// <param name="order">The order.</param>
    /// <param name="blocks">First unit + 1 of each, as <see cref="AllocateMany"/> writes them, in any order.</param>
    /// <param name="count">How many.</param>
    /// <returns>
    /// How many were ranges of that order in use, and are free now. The others are left alone; of a block that is named twice in
    /// a row of 128, the second counts as one of them.
    /// </returns>
    public int FreeMany(int order, nuint* blocks, int count)
    {
        int freed = 0;
        if (order > RangeCells.LargestOrder)
        {
            for (int i = 0; i < count; i++)
            {
                ulong first = blocks[i] - 1;
                freed += (first & ((1UL << order) - 1)) == 0 && TryFreeExactly(first, first + (1UL << order) - 1) ? 1 : 0;
            }

            return freed;
        }

        bool marks = Atomic.Load(ref _marks) != 0;
        for (int done = 0; done < count; done += Batch)
        {
            int batch = Math.Min(count - done, Batch);
            freed += batch <= Few ? FreeFew(order, blocks + done, batch, marks) : FreeBatch(order, blocks + done, batch, marks);
        }

        if (freed != 0)
        {
            CountFreed(freed, (ulong)freed << order);
        }

        return freed;
    }

    private int FreeFew(int order, nuint* blocks, int count, bool marks)
    {
        int freed = 0;
        for (int i = 0; i < count; i++)
        {
            ulong first = blocks[i] - 1;
            if (MayBegin(first, order))
            {
                freed += FreeBlocks(first >> WordShift, 1UL << (int)(first % RangeCells.PerWord * 2), order, marks);
            }
        }

        return freed;
    }

    /// <summary>Brings the blocks of each word together in a small open-addressed table, then frees a word at a time.</summary>
    [SkipLocalsInit]
    private int FreeBatch(int order, nuint* blocks, int count, bool marks)
    {
        ulong* words = stackalloc ulong[1 << PlaceBits];
        ulong* starts = stackalloc ulong[1 << PlaceBits];
        byte* used = stackalloc byte[Batch];
        new Span<ulong>(starts, 1 << PlaceBits).Clear();
        int usedCount = 0;
        for (int i = 0; i < count; i++)
        {
            ulong first = blocks[i] - 1;
            if (!MayBegin(first, order))
            {
                continue;
            }

            ulong word = first >> WordShift;

            // Fibonacci hashing (Knuth, vol. 3, 6.4): neighbouring words spread over the whole table.
            int place = (int)((word * 0x9E37_79B9_7F4A_7C15) >> (64 - PlaceBits));
            while (starts[place] != 0 && words[place] != word)
            {
                place = (place + 1) & ((1 << PlaceBits) - 1);
            }

            if (starts[place] == 0)
            {
                words[place] = word;
                used[usedCount++] = (byte)place;
            }

            starts[place] |= 1UL << (int)(first % RangeCells.PerWord * 2);
        }

        int freed = 0;
        for (int i = 0; i < usedCount; i++)
        {
            freed += FreeBlocks(words[used[i]], starts[used[i]], order, marks);
        }

        return freed;
    }

    /// <summary>Whether a block may begin at a unit: inside the space, and aligned.</summary>
    private bool MayBegin(ulong first, int order) => first < Units && (first & ((1UL << order) - 1)) == 0;

    /// <summary>Frees blocks of one word.</summary>
    private int FreeBlocks(ulong word, ulong starts, int order, bool marks)
    {
        ref ulong location = ref Entry(0, word);
        int lastCell = RangeCells.PerWord - (1 << order);
        ulong top = starts & (1UL << (lastCell * 2));
        if (top != 0)
        {
            // It might be freed, and a longer one begin in its place, before the exchange below: hold it first.
            ulong first = (word << WordShift) + (ulong)lastCell;
            if (GoesOn(first) || !(TryHold(first, order) || (marks && IsMarked(first))))
            {
                starts ^= top;
                top = 0;
            }
        }

        ulong seen = Atomic.Load(ref location);
        while (true)
        {
            ulong blocks = (RangeCells.RangesOf(seen, order, marks) & starts) | (RangeCells.RangesOf(seen, order, heldToo: true) & top);
            if (blocks == 0)
            {
                return 0;
            }

            ulong left = seen & ~RangeCells.BlockBits(blocks, order);
            ulong now = Atomic.CompareExchange(ref location, left, seen);
            if (now == seen)
            {
                Emptied(word, left);
                return BitOperations.PopCount(blocks);
            }

            seen = now;
        }
    }
}
