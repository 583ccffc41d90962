using System.Globalization;
using System.Numerics;
using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <summary>The invariants of a <see cref="RangeTree"/>, looked at one by one. For tests and the stress program, when nobody is at work.</summary>
/// <param name="table">The tree's words and entries.</param>
/// <param name="reader">The tree's reader.</param>
/// <param name="missing">Units that threads stopped in the middle of something may hold, or have cleared without telling.</param>
internal sealed class RangeAudit(RangeTable table, RangeReader reader, ulong missing)
{
    private ulong _used;
    private string? _defect;

    /// <returns>What is wrong first, or null.</returns>
    public string? FindDefect()
    {
        for (ulong index = 0; index <= (table.Capacity - 1) >> table.Shift(table.Top); index++)
        {
            Audit(table.Top, index);
        }

        long used = (long)(_used - (table.Capacity - table.Units));
        long books = table.Books.UsedUnits;
        if ((ulong)Math.Abs(used - books) > missing)
        {
            _defect ??= string.Create(CultureInfo.InvariantCulture, $"{used} units are in use, the books say {books}");
        }

        return _defect;
    }

    /// <returns>The largest order of a free aligned block inside; -1 when none is.</returns>
    private int Audit(int level, ulong index)
    {
        int shift = table.Shift(level);
        ulong entry = Atomic.Load(ref table.Entry(level, index));
        if (level == 0)
        {
            _used += (ulong)BitOperations.PopCount(RangeCells.UsedCells(entry));
            return RangeCells.LargestFree(entry);
        }

        if ((entry & RangeEntry.StateMask) != 0)
        {
            _used += table.SizeOf(level);
            Expect((entry & RangeEntry.CountMask) == 0, level, index, "is held as a whole and has a count");
            return -1;
        }

        if (RangeEntry.IsEmpty(entry))
        {
            Expect(RangeEntry.Lack(entry) == 0, level, index, "is empty, but its bound does not say so");
            return shift;
        }

        int bits = shift - table.Shift(level - 1);
        ulong empty = 0;
        int largest = -1;
        for (int i = 0; i < 1 << bits; i++)
        {
            ulong child = (index << bits) + (ulong)i;
            if (table.IsEmpty(level - 1, child))
            {
                empty |= 1UL << i;
            }
            else
            {
                largest = Math.Max(largest, Audit(level - 1, child));
            }
        }

        largest = empty == 0 ? largest : Math.Max(largest, table.Shift(level - 1) + RangeEntry.LargestRow(empty, bits));
        int expected = (1 << bits) - BitOperations.PopCount(empty);
        int count = (int)((entry & RangeEntry.CountMask) / RangeEntry.OneCount);
        bool lenient = missing != 0;
        Expect(lenient ? count >= expected : count == expected, level, index, "has a count that is not that of its children");
        Expect(lenient || RangeEntry.Bound(entry, shift) >= Math.Min(largest, shift - 1), level, index, "has a bound that hides free units");
        for (int slot = 0; slot < RangeLongest.Slots && !lenient; slot++)
        {
            ulong note = table.Note(level, index, slot);
            bool holds = !RangeLongest.IsNote(note)
                || RangeLongest.Length(note) >= LongestRun(index << shift, shift, RangeLongest.Alignment(note));
            Expect(holds, level, index, "has a note that hides free units");
        }

        return largest;
    }

    private ulong LongestRun(ulong start, int shift, int alignment)
    {
        ulong longest = 0;
        for (ulong from = start; reader.TryNextFree(from, start + (1UL << shift) - 1, out ulong first, out ulong last); from = last + 1)
        {
            ulong begin = RangeTable.AlignedUp(first, alignment);
            longest = Math.Max(longest, begin <= last ? last + 1 - begin : 0);
        }

        return longest;
    }

    private void Expect(bool holds, int level, ulong index, string what)
    {
        if (!holds)
        {
            _defect ??= string.Create(CultureInfo.InvariantCulture, $"entry {index} of level {level} {what}");
        }
    }
}
