using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Platform;

namespace MagAlloc.Iova.Ranges;

/// <summary>Hands out and takes back ranges of a space of up to 2^36 units, highest first, in O(log n) steps.</summary>
/// <remarks>
/// <para><b>Threads.</b> Any thread, any time, lock-free; the constructor and <see cref="Release"/> excepted. All memory is
/// made accessible by the constructor (two bits a unit and three words for each 512 units, reserved, touched where used), so no
/// operation has a step that can fail or allocate.</para>
/// <para><b>Level 0: words of 32 cells</b> (<see cref="RangeCells"/>): 00 free, 01 in use, 11 in use and a range starts here,
/// 10 a range starts here that is in the hands of the machinery: cached (<see cref="TryMark"/>), or more than one piece and
/// being claimed or freed, or held for good (<see cref="TryClaimHeld"/>). <b>Levels 1 to top: entries</b> (<see cref="RangeEntry"/>), one a subtree: a leaf (16 words) at level
/// 1, 64 entries of the level below higher up. Idea: the buddy tree of the non-blocking buddy system (Marotta et al., 2018)
/// and LLFree's counters above bit fields (Wrenger et al., 2023), widened to 64 children and to ranges of any length.</para>
/// <para><b>A range is a row of pieces</b>: whole subtrees where the range covers them, largest first, and cells at its two ends.
/// It is claimed piece by piece in ascending order, undone in descending order, and freed in descending order, so a
/// cell that continues a range always has its range's start before it. A range inside one word is one compare-and-swap.</para>
/// <para><b>The count</b> of an entry is the number of its children that are not empty, plus credits of claims and frees under
/// way. (Not empty: a word with a bit set; an entry with a count or a state.) A claim that finds a child empty takes a credit
/// from the parent first, which takes one further up if it is empty itself; making the child not empty hands the credit
/// to the child, a surplus goes back. Who makes a child empty inherits its credit and gives it back behind that. So
/// count ≥ children not empty, always, in every entry; and a subtree is claimed as a whole by one compare-and-swap from "no
/// count, no state", at which moment nothing below is in use and nobody is on the way there; and as long as the state stands
/// nobody takes a credit of it. A word or entry that is not empty may be entered without looking further up: its
/// ancestors have counts, hence no state. Thus a claim in a populated region is one or two atomic steps.</para>
/// <para><b>Why no ABA.</b> Words and counts are the truth itself, not references: one that equals what was read allows exactly
/// what it allowed then. Only the lowering of a hint depends on what lies elsewhere, and that one carries a version.</para>
/// <para><b>Hints.</b> The lack of an entry gives an upper bound on the order of the free aligned blocks inside. Claims leave it.
/// Who frees raises it: in each ancestor, behind the freed cells, bottom-up, and always to the top (mostly reads), because
/// somebody else who raised a lower one may not have come to the upper one yet. A search that finds nothing lowers it in two
/// steps: (1) set <em>lowering</em> and a new version; (2) look at all children; (3) write the lower bound, if lowering and
/// version still stand. A freer that changes anything below afterwards finds <em>lowering</em> set and clears it, or finds the
/// bound written and raises it: each changes its word by a full fence before it reads the other's. A searcher stopped between
/// the steps leaves the bound high, which is only slow. (Rejected: a version that each free bumps, which costs a
/// read-modify-write a level for each free, and wraps.) An entry that becomes empty gets "all free" in the step
/// that takes its last count. Of a block that several free together, the last to make its part empty sees the others' parts empty and
/// raises for the whole. What bounds cannot tell, the length of free runs, stands in two words beside each entry (RangeTree.Runs.cs).</para>
/// <para><b>Exactness of failure.</b> Every free and every claim that gives up adds to <see cref="RangeStripe.Freed"/>, behind
/// everything else. A search that found nothing is repeated if that sum moved meanwhile (less its own). Else no free ended between its
/// begin and its end, so what was free at its end was free all the time (a range being claimed or freed counting as taken): the
/// cells, and by the paragraph above the bounds over them, so the search would have met it. Hence at its end nothing that
/// fits was free.</para>
/// <para><b>Progress.</b> A compare-and-swap fails only because another one succeeded. A claim of several pieces that meets
/// another one's piece gives up; the one whose conflict lies highest has met a settled range, so that range's claim ended since the
/// loser looked.</para>
/// <para><b>Limits.</b> The version of a lowering has 33 bits: to deceive it, exactly a multiple of 2^33 lowerings of
/// one entry must lie between two steps of one thread. A count has 22 bits, of which 64 may be needed and each claim under way takes up to
/// 64: 65,000 threads inside one subtree. Where commits are charged (Windows, strict overcommit) the constructor is charged for
/// the whole of <see cref="ReservedBytes"/>.</para>
/// </remarks>
internal sealed unsafe partial class RangeTree
{
    /// <summary>The largest space.</summary>
    public const ulong LargestUnits = 1UL << 36;

    private const int MostLevels = 24;
    private const int MostTopEntries = 64;
    private const int MostStripes = 8;
    private const ulong UnitsForStripes = 1UL << 16;
    private const int WordShift = 5;
    private const int StandardLeafShift = 9;
    private const int StandardFanShift = 6;
    private const nuint Line = 128;

    private readonly RangeLevel* _levels;
    private readonly RangeStripe* _stripes;
    private readonly int _top;
    private readonly int _leafShift;
    private readonly int _stripeCount;
    private readonly ulong _capacity;
    private byte* _memory;
    private int _marks;
    private int _noted;

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

        Units = units;
        _leafShift = leafShift;
        _stripeCount = units < UnitsForStripes ? 1 : MostStripes; // so few units share their words as it is
        _top = 1;
        while (((units - 1) >> ShiftOf(_top, leafShift, fanShift)) >= (ulong)topEntries)
        {
            _top++;
        }

        int topShift = ShiftOf(_top, leafShift, fanShift);
        _capacity = (((units - 1) >> topShift) + 1) << topShift;
        ReservedBytes = Place(null, null, leafShift, fanShift);
        if (FaultPlan.Fails(faults, FaultPoint.Reserve)
            || (_memory = (byte*)VirtualMemory.Reserve(ReservedBytes, VirtualMemory.PageSize)) == null)
        {
            throw new OutOfMemoryException($"Could not reserve {ReservedBytes} bytes of address space for a tree of {units} units.");
        }

        if (FaultPlan.Fails(faults, FaultPoint.Metadata) || !VirtualMemory.Commit(_memory, ReservedBytes))
        {
            Release();
            throw new OutOfMemoryException($"Could not make {ReservedBytes} bytes accessible for a tree of {units} units.");
        }

        _levels = (RangeLevel*)_memory;
        _stripes = (RangeStripe*)(_memory + HeaderBytes);
        Place(_memory, _levels, leafShift, fanShift);
        if (_capacity > units)
        {
            // Units beyond the end are in use for ever, so that no search has to know where the end is.
            TryClaimPieces(units, _capacity - 1);
        }
    }

    /// <summary>Size of the space.</summary>
    public ulong Units { get; }

    /// <summary>Units in use. Exact at quiescence.</summary>
    public long UsedUnits
    {
        get
        {
            long sum = 0;
            for (int i = 0; i < _stripeCount; i++)
            {
                sum += Atomic.Load(ref _stripes[i].Units);
            }

            return sum;
        }
    }

    /// <summary>Ranges in use. Exact at quiescence.</summary>
    public long Ranges
    {
        get
        {
            long sum = 0;
            for (int i = 0; i < _stripeCount; i++)
            {
                sum += Atomic.Load(ref _stripes[i].Claimed) - Atomic.Load(ref _stripes[i].Freed);
            }

            return sum;
        }
    }

    /// <summary>
    /// Words and entries that searches for free ranges have looked at. Threads that share a stripe may lose a few of each
    /// other's: a number that is only ever compared with thousands is not worth a locked instruction.
    /// </summary>
    public long SearchSteps
    {
        get
        {
            long sum = 0;
            for (int i = 0; i < _stripeCount; i++)
            {
                sum += Atomic.Load(ref _stripes[i].Steps);
            }

            return sum;
        }
    }

    /// <summary>Address space that the tree's own tables take, in bytes. Physical memory stands behind what was touched.</summary>
    public nuint ReservedBytes { get; }

    private static nuint HeaderBytes => Aligned(MostLevels * (nuint)sizeof(RangeLevel));

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

    private static int ShiftOf(int level, int leafShift, int fanShift) => level == 0 ? WordShift : leafShift + (fanShift * (level - 1));

    private static nuint Aligned(nuint bytes) => (bytes + Line - 1) & ~(Line - 1);

    /// <summary>Lays the tables out, highest level first: the small ones share pages.</summary>
    /// <returns>The bytes that all of it takes, in whole pages.</returns>
    private nuint Place(byte* memory, RangeLevel* levels, int leafShift, int fanShift)
    {
        nuint at = HeaderBytes + ((nuint)_stripeCount * (nuint)sizeof(RangeStripe));
        for (int level = _top; level >= 0; level--)
        {
            int shift = ShiftOf(level, leafShift, fanShift);
            if (levels != null)
            {
                levels[level].Entries = (ulong*)(memory + at);
                levels[level].Shift = shift;
            }

            nuint bytes = Aligned((nuint)(_capacity >> shift) * sizeof(ulong));
            at += bytes;
            if (level != 0)
            {
                if (levels != null)
                {
                    levels[level].Longest = (ulong*)(memory + at);
                }

                at += bytes * RangeLongest.Slots;
            }
        }

        nuint page = VirtualMemory.PageSize;
        return (at + page - 1) & ~(page - 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref ulong Entry(int level, ulong index) => ref _levels[level].Entries[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Shift(int level) => _levels[level].Shift;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong SizeOf(int level) => 1UL << _levels[level].Shift;

    private ref RangeStripe Stripe() => ref _stripes[Environment.CurrentManagedThreadId & (_stripeCount - 1)];

    private long Version()
    {
        long sum = 0;
        for (int i = 0; i < _stripeCount; i++)
        {
            sum += Atomic.Load(ref _stripes[i].Freed);
        }

        return sum;
    }

    private void CountClaimed(long ranges, ulong units)
    {
        ref RangeStripe stripe = ref Stripe();
        Atomic.Add(ref stripe.Units, (long)units);
        Atomic.Add(ref stripe.Claimed, ranges);
    }

    /// <summary>The last step of a free: it moves the version.</summary>
    private void CountFreed(long ranges, ulong units)
    {
        ref RangeStripe stripe = ref Stripe();
        Atomic.Add(ref stripe.Units, -(long)units);
        Atomic.Add(ref stripe.Freed, ranges);
    }

    /// <summary>The last step of a claim that was undone: what it held for a moment may have been missed by a search.</summary>
    private void CountGivenUp()
    {
        ref RangeStripe stripe = ref Stripe();
        Atomic.Add(ref stripe.Claimed, 1);
        Atomic.Add(ref stripe.Freed, 1);
    }

    private void CountSteps(ref RangeRequest request)
    {
        if (request.Steps != 0)
        {
            ref RangeStripe stripe = ref Stripe();
            Atomic.Store(ref stripe.Steps, stripe.Steps + request.Steps);
            request.Steps = 0;
        }
    }
}
