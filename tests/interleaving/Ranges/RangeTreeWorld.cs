using System.Runtime.CompilerServices;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Iova.Ranges;
using MagAlloc.Ranges;

namespace MagAlloc.Interleaving.Ranges;

/// <summary>A small range tree of several levels (leaves of two words, two children an entry, one root), with a record of who holds which unit.</summary>
internal sealed unsafe class RangeTreeWorld : IDisposable
{
    private const int LeafShift = 6;
    private const int LeafUnits = 1 << LeafShift;

    private readonly int[] _range;
    private int _lastRange;
    private int _underWay;

    public RangeTreeWorld(int units, int fanShift = 1)
    {
        _range = new int[units];
        Tree = new RangeTree((ulong)units, null, LeafShift, fanShift, topEntries: 1);
    }

    public RangeTree Tree { get; }

    /// <summary>The words beside the leaves, in which the tree notes free runs.</summary>
    public byte* LeafNotes => (byte*)Unsafe.AsPointer(ref Tree.Table.Note(level: 1, 0, 0));

    public int LeafNoteBytes => _range.Length / LeafUnits * RangeLongest.Slots * sizeof(ulong);

    /// <summary>Claims for good, before the first step.</summary>
    public RangeTreeWorld Take(int first, int units)
    {
        Must.Hold(Tree.TryClaim((ulong)first, (ulong)(first + units - 1)));
        Note(first, units);
        return this;
    }

    /// <summary>Makes every bound exact: a search that nothing can satisfy, for each order.</summary>
    public RangeTreeWorld Settle()
    {
        for (int units = _range.Length; units >= 1; units--)
        {
            if (!Tree.TryAllocate((ulong)units, 0, ulong.MaxValue, out ulong first))
            {
                continue;
            }

            Must.Hold(Tree.TryFree(first, out _, out _));
        }

        return this;
    }

    public int Allocate(int units, int alignmentOrder)
    {
        _underWay++;
        bool found = Tree.TryAllocate((ulong)units, alignmentOrder, ulong.MaxValue, out ulong first);
        _underWay--;
        if (!found)
        {
            Must.Hold(_underWay > 0 || !IsFree(units, 1 << alignmentOrder), $"{units} units were refused, though free and nobody else is at work");
            return -1;
        }

        Must.Hold((int)first % (1 << alignmentOrder) == 0);
        Note((int)first, units);
        return (int)first;
    }

    public int AllocateMany(int order, int count, nuint* into)
    {
        _underWay++;
        int taken = Tree.AllocateMany(order, ulong.MaxValue, into, count);
        _underWay--;
        for (int i = 0; i < taken; i++)
        {
            Note((int)into[i] - 1, 1 << order);
        }

        return taken;
    }

    public void FreeMany(int order, int count, nuint* blocks)
    {
        for (int i = 0; i < count; i++)
        {
            Forget((int)blocks[i] - 1, 1 << order);
        }

        _underWay++;
        Must.Be(Tree.FreeMany(order, blocks, count), count);
        _underWay--;
    }

    public bool Claim(int first, int units)
    {
        _underWay++;
        bool claimed = Tree.TryClaim((ulong)first, (ulong)(first + units - 1));
        _underWay--;
        if (claimed)
        {
            Note(first, units);
        }

        return claimed;
    }

    /// <summary>Frees a range that the caller holds.</summary>
    public void Free(int first, int units, int through = 0)
    {
        if (first < 0)
        {
            return;
        }

        Forget(first, units);
        _underWay++;
        Must.Hold(Tree.TryFree((ulong)(first + through), out ulong low, out ulong high), $"[{first}, {first + units - 1}] was not freed");
        _underWay--;
        Must.Hold(low == (ulong)first && high == (ulong)(first + units - 1), $"[{low}, {high}] was freed instead of {units} at {first}");
    }

    /// <summary>Frees what others free as well; the caller settles who won.</summary>
    public bool Contend(int unit)
    {
        _underWay++;
        bool freed = Tree.TryFree((ulong)unit, out _, out _);
        _underWay--;
        return freed;
    }

    public void Forget(int first, int units)
    {
        int range = _range[first];
        for (int unit = first; unit < first + units; unit++)
        {
            Must.Hold(range != 0 && _range[unit] == range, $"unit {unit} is not the caller's");
            _range[unit] = 0;
        }
    }

    /// <summary>At rest: the tree says what the record says, counts and bounds are right, and what is free can be had.</summary>
    /// <param name="missing">Units that a stopped thread may hold.</param>
    public void Check(int missing = 0)
    {
        string? defect = Tree.FindDefect((ulong)missing);
        Must.Hold(defect is null, defect);
        int lost = 0;
        for (int unit = 0; unit < _range.Length; unit++)
        {
            bool found = Tree.TryFind((ulong)unit, out ulong first, out ulong last);
            if (_range[unit] == 0)
            {
                lost += found ? 1 : 0;
                continue;
            }

            Must.Hold(found, $"unit {unit} is held, but free in the tree");
            int low = Array.IndexOf(_range, _range[unit]);
            int high = Array.LastIndexOf(_range, _range[unit]);
            Must.Hold(first == (ulong)low && last == (ulong)high, $"unit {unit} is of [{low}, {high}], the tree says [{first}, {last}]");
        }

        Must.Hold(lost <= missing, $"{lost} units are lost, {missing} may be");
        if (missing == 0)
        {
            int used = _range.Count(range => range != 0);
            Must.Be(Tree.UsedUnits, used);
            Must.Be(Tree.Ranges, _range.Where(range => range != 0).Distinct().Count());
            for (int free = _range.Length - used; free > 0; free--)
            {
                Must.Hold(Tree.TryAllocate(1, 0, ulong.MaxValue, out _), $"{free} units are free and not found");
            }

            Must.Hold(!Tree.TryAllocate(1, 0, ulong.MaxValue, out _));
        }
    }

    public void Dispose() => Tree.Release();

    private void Note(int first, int units)
    {
        _lastRange++;
        for (int unit = first; unit < first + units; unit++)
        {
            Must.Hold(_range[unit] == 0, $"unit {unit} was handed out twice");
            _range[unit] = _lastRange;
        }
    }

    private bool IsFree(int units, int alignment)
    {
        for (int first = 0; first + units <= _range.Length; first += alignment)
        {
            if (_range.AsSpan(first, units).IndexOfAnyExcept(0) < 0)
            {
                return true;
            }
        }

        return false;
    }
}
