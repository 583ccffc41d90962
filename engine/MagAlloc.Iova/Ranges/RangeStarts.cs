using System.Numerics;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <summary>Frees and marks: the code of a range's start decides who owns it.</summary>
/// <remarks>
/// <para>A range that ends inside the word where it begins is freed, marked and unmarked by one compare-and-swap on that word,
/// which holds all of it. A longer one is first taken out of its holder's hands by a compare-and-swap of its start from 11 to 10,
/// so that of two frees one wins; only then its end is certain, and read again. <b>A range that reaches the end of its word</b> may
/// go on in the next one: it is treated like a longer one.</para>
/// <para>Somebody who frees what is not his may meet the range in the moment between, and find it taken for an instant: a misuse
/// that can make the rightful owner's free fail.</para>
/// </remarks>
internal sealed unsafe class RangeStarts(RangeTable table, RangeReader reader, RangePieces pieces)
{
    private const int WordShift = RangeTable.WordShift;

    // Blocks looked at together, places for their words, and how few are not worth a table.
    private const int Batch = 128;
    private const int PlaceBits = 8;
    private const int Few = 6;

    private int _marks;

    /// <inheritdoc cref="RangeTree.TryMark"/>
    public bool TryMark(ulong first, int order)
    {
        if (first >= table.Units)
        {
            return false;
        }

        ExpectMarks();
        return TryHold(first, order);
    }

    /// <inheritdoc cref="RangeTree.TryUnmark"/>
    public bool TryUnmark(ulong first)
    {
        if (first >= table.Units)
        {
            return false;
        }

        ref ulong location = ref WordOf(first);
        ulong seen = Atomic.Load(ref location);
        while (RangeReader.CodeOf(first, 0, seen) == RangeCells.Held)
        {
            ulong now = Atomic.CompareExchange(ref location, seen | BitOf(first), seen);
            if (now == seen)
            {
                return true;
            }

            seen = now;
        }

        return false;
    }

    /// <inheritdoc cref="RangeTree.IsMarked"/>
    public bool IsMarked(ulong first)
        => first < table.Units && RangeReader.CodeOf(first, 0, Atomic.Load(ref WordOf(first))) == RangeCells.Held;

    /// <summary>Before the first mark: from now on <see cref="FreeMany"/> takes marked ranges as well.</summary>
    public void ExpectMarks()
    {
        if (Atomic.Load(ref _marks) == 0)
        {
            Atomic.Store(ref _marks, 1);
        }
    }

    /// <summary>Frees a range that is not marked.</summary>
    /// <param name="unit">A unit of the range.</param>
    /// <param name="wanted">The range's last unit, if <paramref name="unit"/> is the first; null for any range.</param>
    /// <param name="first">The first unit that was freed.</param>
    /// <param name="last">The last unit that was freed.</param>
    public bool TryFree(ulong unit, ulong? wanted, out ulong first, out ulong last)
    {
        last = 0;
        while (reader.TryStartOf(unit, out first, out int level, out ulong seen))
        {
            if (RangeReader.CodeOf(first, level, seen) != RangeCells.Start)
            {
                return false;
            }

            last = reader.EndOf(first, level, seen);
            if (wanted is { } end && (first != unit || last != end))
            {
                return false;
            }

            if (last < unit)
            {
                continue; // it changed between two looks
            }

            ref ulong location = ref table.Entry(level, first >> table.Shift(level));
            int cell = level == 0 ? (int)(first % RangeCells.PerWord) : 0;
            int count = (int)Math.Min(last - first + 1, RangeCells.PerWord);
            if (level == 0 && cell + count < RangeCells.PerWord)
            {
                ulong left = seen & ~RangeCells.Mask(cell, count);
                if (Atomic.CompareExchange(ref location, left, seen) == seen)
                {
                    pieces.Emptied(first >> WordShift, left);
                    table.Books.CountFreed(1, last - first + 1);
                    return true;
                }

                continue;
            }

            ulong held = seen ^ (1UL << (cell * 2));
            if (Atomic.CompareExchange(ref location, held, seen) != seen)
            {
                continue;
            }

            if (reader.EndOf(first, level, held) != last)
            {
                // The range was freed and another begins in its place: not the one that was looked at.
                pieces.MarkStart(first, level);
                continue;
            }

            FreeHeld(first, last);
            return true;
        }

        return false;
    }

    /// <inheritdoc cref="RangeTree.FreeHeld"/>
    public void FreeHeld(ulong first, ulong last)
    {
        pieces.Release(first, last);
        table.Books.CountFreed(1, last - first + 1);
    }

    /// <inheritdoc cref="RangeTree.FreeMany"/>
    public int FreeMany(int order, nuint* blocks, int count)
    {
        int freed = 0;
        if (order > RangeCells.LargestOrder)
        {
            for (int i = 0; i < count; i++)
            {
                ulong first = blocks[i] - 1;
                freed += MayBegin(first, order) && TryFree(first, first + (1UL << order) - 1, out _, out _) ? 1 : 0;
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
            table.Books.CountFreed(freed, (ulong)freed << order);
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
                freed += FreeBlocks(first >> WordShift, BitOf(first), order, marks);
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

            starts[place] |= BitOf(first);
        }

        int freed = 0;
        for (int i = 0; i < usedCount; i++)
        {
            freed += FreeBlocks(words[used[i]], starts[used[i]], order, marks);
        }

        return freed;
    }

    /// <summary>Frees blocks of one word.</summary>
    private int FreeBlocks(ulong word, ulong starts, int order, bool marks)
    {
        ref ulong location = ref table.Entry(0, word);
        int lastCell = RangeCells.PerWord - (1 << order);
        ulong top = starts & (1UL << (lastCell * 2));
        if (top != 0)
        {
            // It might be freed, and a longer one begin in its place, before the exchange below: hold it first.
            ulong first = (word << WordShift) + (ulong)lastCell;
            if (reader.GoesOn(first) || !(TryHold(first, order) || (marks && IsMarked(first))))
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
                pieces.Emptied(word, left);
                return BitOperations.PopCount(blocks);
            }

            seen = now;
        }
    }

    /// <summary>Takes a small range out of its holder's hands: its start goes from 11 to 10.</summary>
    private bool TryHold(ulong first, int order)
    {
        ref ulong location = ref WordOf(first);
        ulong bit = BitOf(first);
        bool atEnd = (first + (1UL << order)) % RangeCells.PerWord == 0;
        ulong seen = Atomic.Load(ref location);
        while ((RangeCells.RangesOf(seen, order, heldToo: false) & bit) != 0 && !(atEnd && reader.GoesOn(first)))
        {
            ulong now = Atomic.CompareExchange(ref location, seen ^ bit, seen);
            if (now != seen)
            {
                seen = now;
                continue;
            }

            if (!atEnd || !reader.GoesOn(first))
            {
                return true;
            }

            // The range was freed and a longer one begins in its place: that is somebody else's.
            pieces.MarkStart(first, 0);
            return false;
        }

        return false;
    }

    /// <summary>Whether a block may begin at a unit: inside the space, and aligned.</summary>
    private bool MayBegin(ulong first, int order) => first < table.Units && (first & ((1UL << order) - 1)) == 0;

    private ref ulong WordOf(ulong unit) => ref table.Entry(0, unit >> WordShift);

    private static ulong BitOf(ulong unit) => 1UL << (int)(unit % RangeCells.PerWord * 2);
}
