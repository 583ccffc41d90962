using System.Globalization;
using System.Numerics;
using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <content>The invariants of the header, looked at one by one. For tests and the stress program, when nobody is at work.</content>
internal sealed unsafe partial class RangeTree
{
    /// <summary>Checks every word and entry that is not empty, and the books.</summary>
    /// <param name="missing">Units that threads stopped in the middle of something may hold, or have cleared without telling.</param>
    /// <returns>What is wrong first, or null.</returns>
    public string? FindDefect(ulong missing = 0)
    {
        string? defect = null;
        ulong used = 0;
        for (ulong index = 0; index <= (_capacity - 1) >> Shift(_top); index++)
        {
            Audit(_top, index, missing != 0, ref used, ref defect);
        }

        used -= _capacity - Units;
        long difference = (long)used - UsedUnits;
        if (defect is null && (ulong)Math.Abs(difference) > missing)
        {
            defect = string.Create(CultureInfo.InvariantCulture, $"{used} units are in use, the books say {UsedUnits}");
        }

        return defect;
    }

    /// <returns>The largest order of a free aligned block inside; -1 when none is.</returns>
    private int Audit(int level, ulong index, bool lenient, ref ulong used, ref string? defect)
    {
        int shift = Shift(level);
        ulong entry = Atomic.Load(ref Entry(level, index));
        if (level == 0)
        {
            used += (ulong)BitOperations.PopCount(RangeCells.UsedCells(entry));
            return RangeCells.LargestFree(entry);
        }

        if ((entry & RangeEntry.StateMask) != 0)
        {
            used += SizeOf(level);
            Expect((entry & RangeEntry.CountMask) == 0, level, index, "is held as a whole and has a count", ref defect);
            return -1;
        }

        if (RangeEntry.IsEmpty(entry))
        {
            Expect(RangeEntry.Lack(entry) == 0, level, index, "is empty, but its bound does not say so", ref defect);
            return shift;
        }

        int bits = shift - Shift(level - 1);
        ulong empty = 0;
        int largest = -1;
        for (int i = 0; i < 1 << bits; i++)
        {
            ulong child = (index << bits) + (ulong)i;
            if (IsEmpty(level - 1, child))
            {
                empty |= 1UL << i;
            }
            else
            {
                largest = Math.Max(largest, Audit(level - 1, child, lenient, ref used, ref defect));
            }
        }

        largest = empty == 0 ? largest : Math.Max(largest, Shift(level - 1) + LargestRow(empty, bits));
        int expected = (1 << bits) - BitOperations.PopCount(empty);
        int count = (int)((entry & RangeEntry.CountMask) / RangeEntry.OneCount);
        Expect(lenient ? count >= expected : count == expected, level, index, "has a count that is not that of its children", ref defect);
        Expect(lenient || RangeEntry.Bound(entry, shift) >= Math.Min(largest, shift - 1), level, index, "has a bound that hides free units", ref defect);
        for (int slot = 0; slot < RangeLongest.Slots && !lenient; slot++)
        {
            ulong note = Longest(level, index, slot);
            bool holds = !RangeLongest.IsNote(note) || RangeLongest.Length(note) >= LongestRun(index << shift, SizeOf(level), RangeLongest.Alignment(note));
            Expect(holds, level, index, "has a note that hides free units", ref defect);
        }

        return largest;
    }

    private ulong LongestRun(ulong start, ulong size, int alignment)
    {
        ulong last = start + size - 1;
        ulong longest = 0;
        long steps = 0;
        for (ulong from = start; (from = NextFree(from, last)) <= last;)
        {
            ulong begin = AlignedUp(from, alignment);
            from = NextUsed(from, last, _top, ref steps);
            longest = Math.Max(longest, from > begin ? from - begin : 0);
        }

        return longest;
    }

    private static void Expect(bool holds, int level, ulong index, string what, ref string? defect)
    {
        if (!holds)
        {
            defect ??= string.Create(CultureInfo.InvariantCulture, $"entry {index} of level {level} {what}");
        }
    }
}
