using System.Numerics;
using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <content>
/// The search for free aligned blocks, highest first: from the top down into the highest subtree whose bound admits the order. A
/// fruitless visit lowers the bound, unless the limit kept it from seeing the whole subtree; of those there is at most one a
/// level. So a search costs a scan of at most 64 entries a level, and what more it costs was put there by frees and claims that
/// left bounds too high: each at most once.
/// </content>
internal sealed unsafe partial class RangeTree
{
    /// <summary>Looks through the whole space, once.</summary>
    /// <returns>True when as many blocks were found as wanted.</returns>
    private bool Look(ref RangeRequest request)
        => Look(_top, 0, request.Limit >> Shift(_top), ref request);

    /// <summary>Looks through neighbouring entries under one parent.</summary>
    private bool Look(int level, ulong low, ulong high, ref RangeRequest request)
    {
        int shift = Shift(level);
        if (request.Order >= shift)
        {
            return LookForRow(level, low, high, ref request);
        }

        for (ulong index = high; ; index--)
        {
            request.Steps++;
            if (RangeEntry.Bound(Atomic.Load(ref Entry(level, index)), shift) >= request.Order)
            {
                if (LookInside(level, index, ref request))
                {
                    return true;
                }

                if (((index + 1) << shift) - 1 <= request.Limit)
                {
                    Lower(level, index, ref request);
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
        int bits = Shift(level) - Shift(level - 1);
        ulong low = index << bits;
        ulong high = Math.Min(low + (1UL << bits) - 1, request.Limit >> Shift(level - 1));
        if (level > 1)
        {
            return Look(level - 1, low, high, ref request);
        }

        return request.Order > RangeCells.LargestOrder
            ? LookForRow(0, low, high, ref request)
            : LookInWords(index, low, high, ref request);
    }

    /// <summary>Looks for an aligned row of words or entries that are all empty.</summary>
    private bool LookForRow(int level, ulong low, ulong high, ref RangeRequest request)
    {
        int shift = Shift(level);
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
            if (!IsEmpty(level, first + count))
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
        if (!request.Peek && !TryClaimPieces(first, first + (1UL << request.Order) - 1))
        {
            request.GaveUp++;
            CountGivenUp();
            return false;
        }

        request.Into[request.Taken++] = (nuint)first + 1;
        return request.Taken == request.Wanted;
    }

    /// <summary>Takes blocks from the words of a leaf: as many of a word as are wanted, in one step.</summary>
    private bool LookInWords(ulong leaf, ulong low, ulong high, ref RangeRequest request)
    {
        int lastCell = (int)(request.Limit % RangeCells.PerWord);
        for (ulong index = high; ; index--)
        {
            // Above the limit nothing may be taken: only the highest word can reach there.
            ulong allowed = index == request.Limit >> WordShift ? RangeCells.Mask(0, lastCell + 1) : ulong.MaxValue;
            request.Steps++;
            if (TakeFromWord(leaf, index, allowed, ref request))
            {
                return true;
            }

            if (index == low)
            {
                return false;
            }
        }
    }

    private bool TakeFromWord(ulong leaf, ulong index, ulong allowed, ref RangeRequest request)
    {
        ref ulong location = ref Entry(0, index);
        ulong seen = Atomic.Load(ref location);
        bool paid = false;
        while (true)
        {
            ulong blocks = RangeCells.FreeBlocks(seen, request.Order) & allowed;
            if (blocks == 0)
            {
                break;
            }

            blocks = RangeCells.Highest(blocks, Math.Min(BitOperations.PopCount(blocks), request.Wanted - request.Taken));
            if (request.Peek)
            {
                return Write(index, blocks, ref request);
            }

            if (seen == 0 && !paid)
            {
                if (!TryEnter(1, leaf, 1))
                {
                    break;
                }

                paid = true;
            }

            ulong claimed = RangeCells.Blocks(blocks, request.Order) ^ (blocks & request.Marks); // 11 less the low bit: 10
            ulong now = Atomic.CompareExchange(ref location, seen | claimed, seen);
            if (now == seen)
            {
                if (paid && seen != 0)
                {
                    Raise(1, leaf, 1, Nothing, NoChild);
                }

                return Write(index, blocks, ref request);
            }

            seen = now;
        }

        if (paid)
        {
            Raise(1, leaf, 1, Nothing, NoChild);
        }

        if (paid || seen == 0)
        {
            // Credits were taken, if only above; a search for a large block may have been turned away by them.
            request.GaveUp++;
            CountGivenUp();
        }

        return false;
    }

    /// <summary>Notes blocks of one word, the highest first.</summary>
    private static bool Write(ulong word, ulong blocks, ref RangeRequest request)
    {
        nuint first = ((nuint)word << WordShift) + 1;
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
