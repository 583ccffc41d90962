using System.Numerics;
using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <summary>
/// The search for free aligned blocks, highest first: from the top down into the highest subtree whose bound admits the order. A
/// fruitless visit lowers the bound, unless the limit kept it from seeing the whole subtree; of those there is at most one a
/// level. So a search costs a scan of at most 64 entries a level, and what more it costs was put there by frees and claims that
/// left bounds too high: each at most once.
/// </summary>
internal sealed unsafe class RangeSearch(RangeTable table, RangeCredits credits, RangePieces pieces)
{
    /// <summary>As <see cref="RangeTree.AllocateMany"/>, with <see cref="RangeRequest.Marks"/>, but the books are the caller's.</summary>
    public int Take(int order, ulong last, nuint* into, int count, ulong marks)
    {
        var request = new RangeRequest { Into = into, Wanted = count, Marks = marks };
        if (!request.TryAim(order, last))
        {
            return 0;
        }

        if (!Look(ref request))
        {
            // Only now the version, so that the usual search does not read it: the looks that count begin here.
            long version;
            do
            {
                version = table.Books.Version - request.GaveUp;
            }
            while (!Look(ref request) && table.Books.HasMoved(version, ref request));
        }

        table.Books.CountSteps(ref request);
        return request.Taken;
    }

    /// <summary>Finds the highest free block without claiming it. Looks once.</summary>
    public bool TryPeek(int order, ulong last, ref RangeRequest request, out ulong first)
    {
        nuint block = 1;
        request.Into = &block;
        request.Taken = 0;
        bool found = request.TryAim(order, last) && Look(ref request);
        first = block - 1;
        return found;
    }

    /// <summary>Looks through the whole space, once.</summary>
    /// <returns>True when as many blocks were found as wanted.</returns>
    private bool Look(ref RangeRequest request)
        => Look(table.Top, 0, request.Limit >> table.Shift(table.Top), ref request);

    /// <summary>Looks through neighbouring entries under one parent.</summary>
    private bool Look(int level, ulong low, ulong high, ref RangeRequest request)
    {
        int shift = table.Shift(level);
        if (request.Order >= shift)
        {
            return LookForRow(level, low, high, ref request);
        }

        for (ulong index = high; ; index--)
        {
            request.Steps++;
            if (RangeEntry.Bound(Atomic.Load(ref table.Entry(level, index)), shift) >= request.Order)
            {
                if (LookInside(level, index, ref request))
                {
                    return true;
                }

                if (((index + 1) << shift) - 1 <= request.Limit)
                {
                    credits.Lower(level, index, ref request);
                }
            }

            if (index == low)
            {
                return false;
            }
        }
    }

    private bool LookInside(int level, ulong index, ref RangeRequest request)
    {
        int bits = table.Shift(level) - table.Shift(level - 1);
        ulong low = index << bits;
        ulong high = Math.Min(low + (1UL << bits) - 1, request.Limit >> table.Shift(level - 1));
        if (level > 1)
        {
            return Look(level - 1, low, high, ref request);
        }

        return request.Order > RangeCells.LargestOrder
            ? LookForRow(0, low, high, ref request)
            : LookInWords(low, high, ref request);
    }

    /// <summary>Looks for an aligned row of words or entries that are all empty.</summary>
    private bool LookForRow(int level, ulong low, ulong high, ref RangeRequest request)
    {
        int shift = table.Shift(level);
        int bits = request.Order - shift;

        // The limit ends a block, so a row begins or ends where the neighbours do.
        for (ulong row = (high + 1) >> bits; row-- > low >> bits;)
        {
            if (IsEmptyRow(level, row << bits, 1UL << bits, ref request) && Took(row << request.Order, ref request))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsEmptyRow(int level, ulong first, ulong count, ref RangeRequest request)
    {
        while (count-- > 0)
        {
            request.Steps++;
            if (!table.IsEmpty(level, first + count))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Claims one block, unless this is a peek.</summary>
    /// <returns>True when no more are wanted.</returns>
    private bool Took(ulong first, ref RangeRequest request)
    {
        if (!request.Peek && !pieces.TryClaim(first, first + (1UL << request.Order) - 1))
        {
            request.GaveUp++;
            table.Books.CountGivenUp();
            return false;
        }

        request.Into[request.Taken++] = (nuint)first + 1;
        return request.Taken == request.Wanted;
    }

    /// <summary>Takes blocks from the words of a leaf: as many of a word as are wanted, in one step.</summary>
    private bool LookInWords(ulong low, ulong high, ref RangeRequest request)
    {
        int lastCell = (int)(request.Limit % RangeCells.PerWord);
        for (ulong index = high; ; index--)
        {
            // Above the limit nothing may be taken: only the highest word can reach there.
            ulong allowed = index == request.Limit >> RangeTable.WordShift ? RangeCells.Mask(0, lastCell + 1) : ulong.MaxValue;
            request.Steps++;
            if (TakeFromWord(index, allowed, ref request))
            {
                return true;
            }

            if (index == low)
            {
                return false;
            }
        }
    }

    private bool TakeFromWord(ulong word, ulong allowed, ref RangeRequest request)
    {
        ref ulong location = ref table.Entry(0, word);
        ulong seen = Atomic.Load(ref location);
        bool paid = false;
        ulong blocks;
        while ((blocks = RangeCells.FreeBlocks(seen, request.Order) & allowed) != 0)
        {
            blocks = RangeCells.Highest(blocks, Math.Min(BitOperations.PopCount(blocks), request.Wanted - request.Taken));
            if (request.Peek)
            {
                return Write(word, blocks, ref request);
            }

            if (!pieces.TryEnter(word, seen, ref paid))
            {
                break;
            }

            ulong claimed = RangeCells.Blocks(blocks, request.Order) ^ (blocks & request.Marks); // 11 less the low bit: 10
            ulong now = Atomic.CompareExchange(ref location, seen | claimed, seen);
            if (now == seen)
            {
                pieces.Leave(word, needless: paid && seen != 0);
                return Write(word, blocks, ref request);
            }

            seen = now;
        }

        pieces.Leave(word, needless: paid);
        if (paid || seen == 0)
        {
            // Credits were taken, if only above; a search for a large block may have been turned away by them.
            request.GaveUp++;
            table.Books.CountGivenUp();
        }

        return false;
    }

    /// <summary>Notes blocks of one word, the highest first.</summary>
    private static bool Write(ulong word, ulong blocks, ref RangeRequest request)
    {
        nuint first = ((nuint)word << RangeTable.WordShift) + 1;
        nuint* into = request.Into + request.Taken;
        request.Taken += BitOperations.PopCount(blocks);
        while (blocks != 0)
        {
            int bit = BitOperations.Log2(blocks);
            *into++ = first + (nuint)(bit >> 1);
            blocks ^= 1UL << bit;
        }

        return request.Taken == request.Wanted;
    }
}
