using System.Runtime.InteropServices;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Iova.Ranges;
using MagAlloc.Ranges;

namespace MagAlloc.Interleaving.Ranges;

/// <summary>A range allocator over a few words, with a record of who holds which unit.</summary>
internal sealed unsafe class Ranges : IDisposable
{
    private readonly ulong* _words;
    private readonly bool[] _held;
    private int _underWay;

    public Ranges(int units)
    {
        _words = (ulong*)NativeMemory.AllocZeroed(RangeAllocator.MetadataBytes(units));
        _held = new bool[units];
        Allocator = new RangeAllocator(_words, units);
    }

    public RangeAllocator Allocator { get; }

    /// <summary>Claims for good, before the first step.</summary>
    public Ranges Take(int first, int units)
    {
        Must.Hold(Allocator.TryClaim(first, units));
        Mark(first, units, true);
        return this;
    }

    public int Allocate(int units, int alignment = 1)
    {
        _underWay++;
        bool found = Allocator.TryAllocate(units, alignment, out int first);
        _underWay--;
        if (!found)
        {
            Must.Hold(_underWay > 0 || !IsFree(units, alignment), $"a run of {units} was refused, though one is free and nobody else is at work");
            return -1;
        }

        Must.Hold(first % alignment == 0 && first >= 0 && first + units <= _held.Length);
        Mark(first, units, true);
        return first;
    }

    public bool Claim(int first, int units)
    {
        _underWay++;
        bool claimed = Allocator.TryClaim(first, units);
        _underWay--;
        if (claimed)
        {
            Mark(first, units, true);
        }

        return claimed;
    }

    public void Free(int first, int units)
    {
        if (first >= 0)
        {
            Mark(first, units, false);
            _underWay++;
            Allocator.Free(first, units);
            _underWay--;
        }
    }

    /// <summary>At rest: the bitmap says what the record says, and the hint hides nothing.</summary>
    /// <param name="missing">Units that a stopped thread may hold.</param>
    public void Check(int missing = 0)
    {
        int lost = 0;
        for (int unit = 0; unit < _held.Length; unit++)
        {
            Must.Hold(!_held[unit] || IsSet(unit), $"unit {unit} is held, but free in the bitmap");
            lost += IsSet(unit) && !_held[unit] ? 1 : 0;
        }

        Must.Hold(lost <= missing, $"{lost} units are lost, {missing} may be");
        int free = Enumerable.Range(0, _held.Length).Count(unit => !IsSet(unit));
        if (missing == 0)
        {
            for (; free > 0; free--)
            {
                Must.Hold(Allocator.TryAllocate(1, 1, out _), $"{free} units are free and not found");
            }

            Must.Hold(!Allocator.TryAllocate(1, 1, out _));
        }
    }

    public void Dispose() => NativeMemory.Free(_words);

    private bool IsSet(int unit) => (_words[unit / 64] >> (unit % 64) & 1) != 0;

    private void Mark(int first, int units, bool held)
    {
        for (int unit = first; unit < first + units; unit++)
        {
            Must.Hold(_held[unit] != held, $"unit {unit} was handed out twice");
            _held[unit] = held;
        }
    }

    private bool IsFree(int units, int alignment)
    {
        for (int first = 0; first + units <= _held.Length; first += alignment)
        {
            if (!Enumerable.Range(first, units).Any(IsSet))
            {
                return true;
            }
        }

        return false;
    }
}
