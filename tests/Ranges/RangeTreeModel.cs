using MagAlloc.Iova.Ranges;

namespace MagAlloc.Tests.Ranges;

/// <summary>What a range tree must hold and answer, kept in the plainest way: an owner's number for each unit.</summary>
internal sealed class RangeTreeModel(int units)
{
    private readonly int[] _owner = new int[units];
    private int _lastOwner;

    public Dictionary<int, (int First, int Last)> Live { get; } = [];

    public int UsedUnits => _owner.Count(owner => owner != 0);

    public void Add(int first, int last)
    {
        Assert.That(IsFree(first, last), $"[{first}, {last}] overlaps something");
        int owner = ++_lastOwner;
        Array.Fill(_owner, owner, first, last - first + 1);
        Live.Add(owner, (first, last));
    }

    public void Remove(int first, int last)
    {
        Assert.That(Live.Remove(_owner[first], out (int First, int Last) range) && range == (first, last), $"[{first}, {last}] is not a range");
        Array.Fill(_owner, 0, first, last - first + 1);
    }

    public bool IsFree(int first, int last)
        => first >= 0 && last < _owner.Length && _owner.AsSpan(first, last - first + 1).IndexOfAnyExcept(0) < 0;

    /// <summary>The highest free place, or -1.</summary>
    public int Highest(int count, int alignment, int last)
    {
        for (int first = (Math.Min(last, _owner.Length - 1) - count + 1) / alignment * alignment; first >= 0; first -= alignment)
        {
            if (first + count - 1 <= last && IsFree(first, first + count - 1))
            {
                return first;
            }
        }

        return -1;
    }

    public (int First, int Last)? Find(int unit) => Live.TryGetValue(_owner[unit], out (int First, int Last) range) ? range : null;

    public (int First, int Last)? Next(int from)
    {
        int used = _owner.AsSpan(from).IndexOfAnyExcept(0);
        return used < 0 ? null : Find(from + used);
    }

    public (int First, int Last)? NextFree(int from, int to)
    {
        int first = _owner.AsSpan(from, to - from + 1).IndexOf(0);
        if (first < 0)
        {
            return null;
        }

        first += from;
        int length = _owner.AsSpan(first, to - first + 1).IndexOfAnyExcept(0);
        return (first, length < 0 ? to : first + length - 1);
    }

    /// <summary>Every unit, every range and every free run is as the model has it.</summary>
    public void AssertEqual(RangeTree tree)
    {
        Assert.That(tree.FindDefect(), Is.Null);
        Assert.That(tree.UsedUnits, Is.EqualTo(UsedUnits));
        Assert.That(tree.Ranges, Is.EqualTo(Live.Count));
        for (int unit = 0; unit < _owner.Length; unit++)
        {
            AssertFound(tree, unit);
        }

        int seen = 0;
        for (ulong from = 0; tree.TryNext(from, tree.Units - 1, out ulong first, out ulong last); from = last + 1)
        {
            Assert.That(Next((int)from), Is.EqualTo(((int)first, (int)last)));
            seen++;
        }

        Assert.That(seen, Is.EqualTo(Live.Count));
    }

    public void AssertFound(RangeTree tree, int unit)
    {
        (int First, int Last)? found = tree.TryFind((ulong)unit, out ulong first, out ulong last) ? ((int)first, (int)last) : null;
        Assert.That(found, Is.EqualTo(Find(unit)), $"unit {unit}");
    }
}
