using MagAlloc.Tests.Iova.Support;

namespace MagAlloc.Tests.Iova.Model;

/// <content>What is looked up, what must be refused, and the check of everything.</content>
internal sealed partial class IovaModelRun
{
    private void Find()
    {
        ulong pfn = _random.Next(3) == 0 || _model.Count == 0
            ? (ulong)_random.NextInt64(0, (long)domain.LastPfn + 3)
            : Inside(_model[_random.Next(_model.Count)]);
        Operation = $"TryFind({pfn})";
        bool expected = _model.TryFind(pfn, out ModelRange held);
        bool found = domain.TryFind(pfn, out IovaRange range);
        if (expected)
        {
            IovaModel.Require(found && range == held.Range, $"{held} is not found: {range}");
        }
        else if (found)
        {
            // A cached range never leaves the tree, as in the kernel. It is nobody's, so it may overlap no held one.
            IovaModel.Require(setting.Fast, $"{range} is found, but nobody holds it");
            IovaModel.Require(range.First <= pfn && pfn <= range.Last, $"{range} does not contain {pfn}");
            IovaModel.Require(!_model.TryFind(range.First, out held) && !_model.TryFind(range.Last, out held), $"{range} overlaps {held}");
        }
    }

    private void Reserve()
    {
        if (_model.ReservedCount > 20)
        {
            return;
        }

        ulong lo = (ulong)_random.NextInt64((long)domain.StartPfn, (long)domain.LastPfn + 1);
        if (_model.Count > 0 && _random.Next(2) == 0)
        {
            lo = Inside(_model[_random.Next(_model.Count)]);
        }

        ulong hi = Math.Min(domain.LastPfn, lo + (ulong)_random.Next(0, 200));
        Operation = $"Reserve({lo}, {hi})";
        if (setting.Fast)
        {
            domain.Flush(); // else what is cached is reported as overlapped, and the model does not know it
        }

        IovaReservation result;
        try
        {
            result = domain.Reserve(lo, hi);
        }
        catch (OutOfMemoryException) when (setting.Faulty)
        {
            return; // and nothing is reserved: the next check of everything would find it
        }

        (List<IovaRange> reserved, List<IovaRange> overlapped) = _model.Reserve(lo, hi);
        IovaModel.Require(
            result.Reserved.SequenceEqual(reserved),
            $"reserved {string.Join(", ", result.Reserved)}, expected {string.Join(", ", reserved)}");
        IovaModel.Require(
            result.Overlapped.SequenceEqual(overlapped),
            $"overlapped {string.Join(", ", result.Overlapped)}, expected {string.Join(", ", overlapped)}");
        IovaModel.Require(result.IsComplete == (overlapped.Count == 0), $"IsComplete is {result.IsComplete}");
    }

    /// <summary>What is not exactly a held range is not freed.</summary>
    private void RefuseBadFree()
    {
        if (_model.Count == 0)
        {
            return;
        }

        ModelRange held = _model[_random.Next(_model.Count)];
        IovaRange wrong = _random.Next(4) switch
        {
            0 => new IovaRange(held.First, held.Last + 1),
            1 => new IovaRange(held.First + 1, Math.Max(held.First + 1, held.Last)),
            2 => new IovaRange(held.First, ulong.MaxValue),
            _ => new IovaRange(held.Last, held.First),
        };
        bool isAnother = _model.TryFind(wrong.First, out ModelRange other) && other.Range == wrong;
        if (!isAnother && !IsCached(wrong))
        {
            Operation = $"Free({wrong}) beside {held}";
            IovaModel.Require(!domain.Free(wrong), $"{wrong} was freed; {held} is what is held");
        }

        ulong pfn = (ulong)_random.NextInt64(0, (long)domain.LastPfn + 3);
        if (!domain.TryFind(pfn, out _))
        {
            Operation = $"Free({pfn})";
            IovaModel.Require(!domain.Free(pfn), $"{pfn} was freed, but nothing is there");
        }

        // With nothing changed, everything is where it was.
        IovaModel.Require(domain.TryFind(held.First, out IovaRange range) && range == held.Range, $"{held} became {range}");
    }

    /// <summary>Whether the range would hit one that a cache holds; freeing that is misuse that an unchecked domain cannot see.</summary>
    private bool IsCached(IovaRange range)
        => setting.Fast && domain.TryFind(range.First, out IovaRange found) && !_model.TryFind(found.First, out _);

    private void Maintain()
    {
        int dice = _random.Next(8);
        Operation = $"maintenance {dice}";
        switch (dice)
        {
            case 0:
                IovaModel.Require(domain.Flush() >= 0, "Flush returned a negative number");
                break;
            case 1:
                IovaModel.Require(domain.Trim() >= 0, "Trim returned a negative number");
                break;
            case 2 when setting.Fast:
                _partner.Do(UseOnAnotherThread);
                break;
            case 3 or 4 or 5 when setting.Fast:
                HandOver();
                break;
            default:
                domain.Tick();
                break;
        }
    }

    /// <summary>What an idle thread has in its caches must come back when it is needed.</summary>
    private void UseOnAnotherThread()
    {
        List<ulong> pfns = [];
        while (pfns.Count < 20 && domain.TryAllocateFast(2, domain.LastPfn, flushRcache: false, out ulong pfn))
        {
            pfns.Add(pfn);
        }

        domain.FreeMany(pfns, 2);
    }

    /// <summary>Another thread frees what this one allocated.</summary>
    private void HandOver()
    {
        List<ModelRange> sent = [];
        for (int i = 0; i < 40 && _model.Count > 0; i++)
        {
            int index = _random.Next(_model.Count);
            if (_model[index].Kind == ModelKind.Fast)
            {
                sent.Add(_model.RemoveAt(index));
            }
        }

        _partner.Do(() => sent.ForEach(range => domain.FreeFast(range.First, range.Size)));
    }

    private void VerifyAll()
    {
        IovaRange[] held = [.. _model.Ascending().Select(range => range.Range)];
        IovaRange[] inUse = [.. domain.EnumerateInUse()];
        if (setting.Fast)
        {
            HashSet<IovaRange> known = [.. inUse];
            IovaModel.Require(known.Count == inUse.Length, "a range is enumerated twice");
            IovaModel.Require(held.All(known.Contains), $"not enumerated: {held.FirstOrDefault(range => !known.Contains(range))}");
            VerifyAscending(inUse);
        }
        else
        {
            IovaModel.Require(held.SequenceEqual(inUse), $"{held.Length} ranges held, {inUse.Length} enumerated");
        }

        VerifyStatistics(inUse);
    }

    private static void VerifyAscending(IovaRange[] ranges)
    {
        for (int i = 1; i < ranges.Length; i++)
        {
            IovaModel.Require(ranges[i - 1].Last < ranges[i].First, $"{ranges[i - 1]} and {ranges[i]} are out of order or overlap");
        }
    }

    private ulong Inside(ModelRange range) => range.First + ((ulong)_random.NextInt64() % range.Units);

    private void VerifyStatistics(IovaRange[] inUse)
    {
        IovaStatistics s = domain.GetStatistics();
        IovaModel.Require(s.AllocatedUnits == (long)_model.HeldUnits, $"{s.AllocatedUnits} units on the books, {_model.HeldUnits} held");
        IovaModel.Require(s.ReservedUnits == (long)_model.ReservedUnits, $"{s.ReservedUnits} units on the books, {_model.ReservedUnits} reserved");
        IovaModel.Require(s.AllocatedRanges == _model.Count - _model.ReservedCount, $"{s.AllocatedRanges} ranges on the books");
        IovaModel.Require(s.Ranges() == inUse.Length, $"{s.Ranges()} ranges on the books, {inUse.Length} enumerated");
        long total = s.AllocatedUnits + s.CachedUnits + s.ReservedUnits + s.FreeUnits;
        IovaModel.Require(total == s.TotalUnits && total == (long)(domain.LastPfn - domain.StartPfn + 1), $"the books do not add up: {s}");
        IovaModel.Require(s.Misuses == 0, $"{s.Misuses} misuses");
    }
}
