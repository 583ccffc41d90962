using System.Diagnostics;
using System.Numerics;
using MagAlloc.Concurrency;
using MagAlloc.Platform;

namespace MagAlloc.Iova.Ranges;

/// <summary>Hands out and takes back ranges of a space of up to 2^36 units, highest first, in O(log n) steps.</summary>
/// <remarks>
/// <para><b>Threads.</b> Any thread, any time, lock-free; the constructor and <see cref="Release"/> excepted. All memory is
/// made accessible by the constructor (two bits a unit and three words for each 512 units, reserved, touched where used), so no
/// operation has a step that can fail or allocate.</para>
/// <para><b>State.</b> Level 0 are words of 32 cells (<see cref="RangeCells"/>): 00 free, 01 in use, 11 in use and a range starts here,
/// 10 a range starts here that is in the hands of the machinery: cached (<see cref="TryMark"/>), or more than one piece and
/// being claimed or freed, or held for good (<see cref="TryClaimHeld"/>). Levels 1 to top are entries (<see cref="RangeEntry"/>), one a
/// subtree: a leaf (16 words) at level 1, 64 entries of the level below higher up, with notes on free runs beside each. Idea: the
/// buddy tree of the non-blocking buddy system (Marotta et al., 2018) and LLFree's counters above bit fields (Wrenger et al.,
/// 2023), widened to 64 children and to ranges of any length.</para>
/// <para><b>Parts.</b> <see cref="RangeTable"/> knows where a word or entry lies. <see cref="RangeCredits"/> moves the counts and bounds of the
/// entries, <see cref="RangeNotes"/> their notes. <see cref="RangePieces"/> claims and clears a range, <see cref="RangeStarts"/> settles who
/// may free it. <see cref="RangeSearch"/> and <see cref="RangeRunSearch"/> find what is free, <see cref="RangeReader"/> what is in use.</para>
/// <para><b>Proof:</b> docs/proofs/range-tree.md. Words and counts are the truth itself, not references, so there is no ABA. A search that
/// found nothing is repeated if a free or a claim that gave up moved <see cref="RangeBooks.Version"/> meanwhile: a failure is exact.</para>
/// </remarks>
internal sealed unsafe class RangeTree
{
    /// <summary>The largest space.</summary>
    public const ulong LargestUnits = 1UL << 36;

    private const int MostTopEntries = 64;
    private const int StandardLeafShift = 9;
    private const int StandardFanShift = 6;

    private readonly RangeTable _table;
    private readonly RangePieces _pieces;
    private readonly RangeReader _reader;
    private readonly RangeStarts _starts;
    private readonly RangeSearch _blocks;
    private readonly RangeRunSearch _runs;
    private byte* _memory;

    /// <param name="units">Size of the space, from 1 to <see cref="LargestUnits"/>.</param>
    /// <param name="faults">Plan asked before every fallible step, or null.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is outside the range given above.</exception>
    /// <exception cref="OutOfMemoryException">A step failed; nothing is left behind.</exception>
    public RangeTree(ulong units, FaultPlan? faults)
        : this(units, faults, StandardLeafShift, StandardFanShift, MostTopEntries)
    {
    }

    /// <summary>A tree of another shape: tests get several levels out of a few units.</summary>
    /// <param name="units">Size of the space.</param>
    /// <param name="faults">Plan asked before every fallible step, or null.</param>
    /// <param name="leafShift">Binary logarithm of the units in a leaf, from 6 to 11.</param>
    /// <param name="fanShift">Binary logarithm of the children of an entry, from 1 to 6.</param>
    /// <param name="topEntries">Entries that the highest level may have, from 1 to 64.</param>
    internal RangeTree(ulong units, FaultPlan? faults, int leafShift, int fanShift, int topEntries)
    {
        if (units - 1 >= LargestUnits)
        {
            throw new ArgumentOutOfRangeException(nameof(units), units, $"A range tree has from 1 to {LargestUnits} units.");
        }

        if (sizeof(nuint) != sizeof(ulong))
        {
            throw new PlatformNotSupportedException("MagAlloc needs a 64-bit process.");
        }

        ReservedBytes = new RangeTable(units, leafShift, fanShift, topEntries, null).Bytes;
        if (FaultPlan.Fails(faults, FaultPoint.Reserve)
            || (_memory = (byte*)VirtualMemory.Reserve(ReservedBytes, VirtualMemory.PageSize)) == null)
        {
            throw new OutOfMemoryException($"Could not reserve {ReservedBytes} bytes of address space for a tree of {units} units.");
        }

        try
        {
            if (FaultPlan.Fails(faults, FaultPoint.Metadata) || !VirtualMemory.Commit(_memory, ReservedBytes))
            {
                throw new OutOfMemoryException($"Could not make {ReservedBytes} bytes accessible for a tree of {units} units.");
            }

            _table = new RangeTable(units, leafShift, fanShift, topEntries, _memory);
            var notes = new RangeNotes(_table);
            var credits = new RangeCredits(_table, notes);
            _pieces = new RangePieces(_table, credits);
            _reader = new RangeReader(_table);
            _starts = new RangeStarts(_table, _reader, _pieces);
            _blocks = new RangeSearch(_table, credits, _pieces);
            _runs = new RangeRunSearch(_table, notes, _pieces, _reader, _blocks);
        }
        catch
        {
            Release();
            throw;
        }

        if (_table.Capacity > units)
        {
            // Units beyond the end are in use for ever, so that no search has to know where the end is.
            _pieces.TryClaim(units, _table.Capacity - 1);
        }
    }

    /// <summary>Size of the space.</summary>
    public ulong Units => _table.Units;

    /// <summary>Units in use. Exact at quiescence.</summary>
    public long UsedUnits => _table.Books.UsedUnits;

    /// <summary>Ranges in use. Exact at quiescence.</summary>
    public long Ranges => _table.Books.Ranges;

    /// <summary>
    /// Words and entries that searches for free ranges have looked at. Threads that share a stripe may lose a few of each
    /// other's: a number that is only ever compared with thousands is not worth a locked instruction.
    /// </summary>
    public long SearchSteps => _table.Books.SearchSteps;

    /// <summary>
    /// Address space that the tree's own tables take, in bytes. Physical memory stands behind what was touched; where commits are charged
    /// (Windows, strict overcommit) the constructor is charged for the whole.
    /// </summary>
    public nuint ReservedBytes { get; }

    /// <summary>Where words, entries and notes lie: for tests.</summary>
    internal RangeTable Table => _table;

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
        bool found;
        if (alignmentOrder == order && BitOperations.IsPow2(units))
        {
            nuint block = 1;
            found = _blocks.Take(order, last, &block, 1, marks: 0) != 0;
            first = block - 1;
        }
        else
        {
            found = _runs.TryTake(units, Math.Max(order, alignmentOrder), alignmentOrder, last, out first);
        }

        if (found)
        {
            _table.Books.CountClaimed(1, units);
        }

        return found;
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
            _starts.ExpectMarks();
        }

        int taken = _blocks.Take(order, Math.Min(last, Units - 1), into, count, marked ? ulong.MaxValue : 0);
        if (taken != 0)
        {
            _table.Books.CountClaimed(taken, (ulong)taken << order);
        }

        return taken;
    }

    /// <summary>Claims exactly this range, as one range, if all of it is free.</summary>
    /// <returns>False when a part of it is in use, or being claimed or freed; nothing has changed then.</returns>
    public bool TryClaim(ulong first, ulong last) => TryClaim(first, last, RangeCells.Start);

    /// <summary>
    /// As <see cref="TryClaim(ulong, ulong)"/>, but for good: no <c>TryFree</c> takes it, in no moment, and no look-up finds it, so
    /// whoever claims it keeps a record of it.
    /// </summary>
    public bool TryClaimHeld(ulong first, ulong last) => TryClaim(first, last, RangeCells.Held);

    /// <summary>Frees what <see cref="TryClaimHeld"/> claimed. Once, by whoever has taken its record out.</summary>
    public void FreeHeld(ulong first, ulong last) => _starts.FreeHeld(first, last);

    /// <summary>Frees the range that holds a unit, if it is not marked.</summary>
    /// <param name="unit">Any unit of the range.</param>
    /// <param name="first">The first unit that was freed.</param>
    /// <param name="last">The last unit that was freed.</param>
    /// <returns>False when the unit is free, or the range is marked, or being claimed or freed by somebody else.</returns>
    public bool TryFree(ulong unit, out ulong first, out ulong last) => _starts.TryFree(unit, wanted: null, out first, out last);

    /// <summary>Frees exactly this range, if it is one and is not marked.</summary>
    public bool TryFreeExactly(ulong first, ulong last) => _starts.TryFree(first, last, out _, out _);

    /// <summary>Frees blocks of one order, marked or not: those that share a word, in one step.</summary>
    /// <param name="order">The order.</param>
    /// <param name="blocks">First unit + 1 of each, as <see cref="AllocateMany"/> writes them, in any order.</param>
    /// <param name="count">How many.</param>
    /// <returns>
    /// How many were ranges of that order in use, and are free now. The others are left alone; of a block that is named twice in
    /// a row of 128, the second counts as one of them.
    /// </returns>
    public int FreeMany(int order, nuint* blocks, int count) => _starts.FreeMany(order, blocks, count);

    /// <summary>
    /// Marks a small range: it stays in use, but is found marked by <see cref="IsMarked"/>, and <c>TryFree</c> leaves it alone.
    /// Of two callers one wins.
    /// </summary>
    /// <param name="first">The first unit.</param>
    /// <param name="order">From 0 to <see cref="RangeCells.LargestOrder"/>.</param>
    /// <returns>False when no unmarked range of exactly 2^order units, aligned to its size, begins there.</returns>
    public bool TryMark(ulong first, int order) => _starts.TryMark(first, order);

    /// <summary>Takes the mark off a range. Of two callers one wins.</summary>
    /// <returns>False when no marked range begins there.</returns>
    public bool TryUnmark(ulong first) => _starts.TryUnmark(first);

    /// <summary>Whether a marked range begins at a unit.</summary>
    public bool IsMarked(ulong first) => _starts.IsMarked(first);

    /// <summary>Finds the range that holds a unit.</summary>
    /// <returns>False when the unit is free, or being claimed or freed.</returns>
    public bool TryFind(ulong unit, out ulong first, out ulong last) => _reader.TryFind(unit, out first, out last);

    /// <summary>Finds the lowest range that ends at or above a unit, and begins at or below another one.</summary>
    public bool TryNext(ulong from, ulong to, out ulong first, out ulong last) => _reader.TryNext(from, to, out first, out last);

    /// <summary>Finds the lowest maximal row of free units inside [from, to].</summary>
    public bool TryNextFree(ulong from, ulong to, out ulong first, out ulong last)
        => _reader.TryNextFree(from, to, out first, out last);

    /// <summary>Checks every word and entry that is not empty, and the books, when nobody is at work.</summary>
    /// <param name="missing">As in <see cref="RangeAudit"/>.</param>
    /// <returns>What is wrong first, or null.</returns>
    public string? FindDefect(ulong missing = 0) => new RangeAudit(_table, _reader, missing).FindDefect();

    /// <summary>Leaves the tree to threads that may be inside.</summary>
    public void Bequeath(Remains steps)
    {
        steps.Add(_memory, ReservedBytes);
        _memory = null;
    }

    /// <summary>Unmaps the tree. No thread may be inside, nor come later. Idempotent; accepts a partly built one.</summary>
    public void Release()
    {
        if (_memory != null)
        {
            VirtualMemory.Release(_memory, ReservedBytes);
            _memory = null;
        }
    }

    private bool TryClaim(ulong first, ulong last, ulong code)
    {
        if (first > last || last >= Units)
        {
            return false;
        }

        if (!_pieces.TryClaim(first, last, code))
        {
            _table.Books.CountGivenUp();
            return false;
        }

        _table.Books.CountClaimed(1, last - first + 1);
        return true;
    }
}
