using System.Diagnostics;
using System.Numerics;

namespace MagAlloc.Iova.Ranges;

/// <content>Allocation. Which free range is taken is a rule (see <see cref="TryAllocate"/>), exact when nobody else is at work.</content>
internal sealed unsafe partial class RangeTree
{
    /// <summary>Claims a free range of any length.</summary>
    /// <remarks>
    /// A power of two that is aligned to itself: the highest that fits. Every other request: in the highest free block of the power of two
    /// that covers length and alignment (at its start if an alignment is asked for, else at its end), which keeps
    /// the rest of the block in one piece; where there is no such block, the highest that fits.
    /// </remarks>
    /// <param name="units">Length, at least 1.</param>
    /// <param name="alignmentOrder">The first unit is a multiple of 2^alignmentOrder.</param>
    /// <param name="last">No unit of the range is above this one. May lie outside the space.</param>
    /// <param name="first">The first unit.</param>
    /// <returns>
    /// False when no such range is free; a range that is being claimed or freed meanwhile counts as in use.
    /// </returns>
    public bool TryAllocate(ulong units, int alignmentOrder, ulong last, out ulong first)
    {
        first = 0;
        last = Math.Min(last, Units - 1);
        if (units - 1 > last)
        {
            return false;
        }

        int order = units == 1 ? 0 : BitOperations.Log2(units - 1) + 1;
        if (alignmentOrder == order && BitOperations.IsPow2(units))
        {
            nuint block;
            if (AllocateBlocks(order, last, &block, 1, marks: 0) == 0)
            {
                return false;
            }

            first = block - 1;
        }
        else if (!TryAllocateOdd(units, Math.Max(order, alignmentOrder), alignmentOrder, last, out first))
        {
            return false;
        }

        CountClaimed(1, units);
        return true;
    }

    /// <summary>Claims up to <paramref name="count"/> blocks of one order, the highest first: a word at a time if they are small.</summary>
    /// <param name="order">Each is a range of 2^order units, aligned to its size.</param>
    /// <param name="last">No unit of them is above this one. May lie outside the space.</param>
    /// <param name="into">Room for the first unit + 1 of each.</param>
    /// <param name="count">At least 1.</param>
    /// <param name="marked">
    /// Each is marked (as by <see cref="TryMark"/>) in the step that claims it: there is no moment at which somebody who frees
    /// what is not his could take it. The order is at most <see cref="RangeCells.LargestOrder"/> then.
    /// </param>
    /// <returns>How many were written; less than asked for only when no more are free.</returns>
    public int AllocateMany(int order, ulong last, nuint* into, int count, bool marked = false)
    {
        if (marked)
        {
            Debug.Assert(order <= RangeCells.LargestOrder, "Only ranges of one word are marked.");
            NoteMarks();
        }

        int taken = AllocateBlocks(order, Math.Min(last, Units - 1), into, count, marked ? ulong.MaxValue : 0);
        if (taken != 0)
        {
            CountClaimed(taken, (ulong)taken << order);
        }

        return taken;
    }

    private int AllocateBlocks(int order, ulong last, nuint* into, int count, ulong marks)
    {
        ulong blocks = (last + 1) >> order;
        if (blocks == 0)
        {
            return 0;
        }

        var request = new RangeRequest { Order = order, Limit = (blocks << order) - 1, Into = into, Wanted = count, Marks = marks };
        if (!Look(ref request))
        {
            // Only now the version, so that the usual search does not read it: the looks that count begin here.
            long version;
            do
            {
                version = Version() - request.GaveUp;
            }
            while (!Look(ref request) && HasMoved(version, ref request));
        }

        CountSteps(ref request);
        return request.Taken;
    }

    /// <summary>
    /// Whether anybody but this search freed something, or gave up, since the version was read. The last step of a search that fails.
    /// </summary>
    private bool HasMoved(long version, ref RangeRequest request)
    {
        CountSteps(ref request);
        return Version() != version + request.GaveUp;
    }

    private bool TryAllocateOdd(ulong units, int coverOrder, int alignmentOrder, ulong last, out ulong first)
    {
        var request = new RangeRequest { Wanted = 1, Peek = true };
        bool found;
        long version;
        do
        {
            version = Version() - request.GaveUp;
            found = TryCovered(units, coverOrder, alignmentOrder, last, ref request, out first)
                || TryExact(units, alignmentOrder, last, ref request, out first);
        }
        while (!found && HasMoved(version, ref request));

        CountSteps(ref request);
        return found;
    }

    /// <summary>Claims the range in a free block of a power of two, one end of it free still.</summary>
    private bool TryCovered(ulong units, int order, int alignmentOrder, ulong last, ref RangeRequest request, out ulong first)
    {
        while (TryPeek(order, last, ref request, out first))
        {
            first += alignmentOrder == 0 ? (1UL << order) - units : 0;
            if (TryClaimOrGiveUp(first, units, ref request))
            {
                return true;
            }
        }

        return false;
    }

    private bool TryPeek(int order, ulong last, ref RangeRequest request, out ulong first)
    {
        first = 0;
        ulong blocks = order < 64 ? (last + 1) >> order : 0;
        if (blocks == 0)
        {
            return false;
        }

        nuint block;
        request.Order = order;
        request.Limit = (blocks << order) - 1;
        request.Into = &block;
        request.Taken = 0;
        if (!Look(ref request))
        {
            return false;
        }

        first = block - 1;
        return true;
    }

    private bool TryClaimOrGiveUp(ulong first, ulong units, ref RangeRequest request)
    {
        if (TryClaimPieces(first, first + units - 1))
        {
            return true;
        }

        request.GaveUp++;
        CountGivenUp();
        return false;
    }
}
