using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using MagAlloc.Concurrency;
using MagAlloc.Magazines;
using MagAlloc.Platform;

namespace MagAlloc.Iova;

/// <content>What the calls with magazines do when those do not suffice: depots, the tree, flushes, and what is wrong.</content>
public sealed unsafe partial class IovaDomain
{
    private const int Bits = 64;

    // One, as in the kernel, as long as nothing is cached behind it: what is, others freed or took meanwhile.
    private const int FlushRounds = 5;

    private bool TryAllocateFastSlow(ulong size, ulong limitPfn, bool flush, out ulong pfn)
    {
        ArgumentOutOfRangeException.ThrowIfZero(size);
        ThreadCache* cache = Protect();
        try
        {
            pfn = 0;
            ulong last = Math.Min(limitPfn, LastPfn);
            int order = OrderOf(size - 1);
            bool cached = order < _options.CachedOrders;
            ulong units = cached ? 1UL << order : size;

            // Before any sum that could wrap: nothing that could be flushed would make it fit.
            if (last < _startPfn || units - 1 > last - _startPfn)
            {
                return false;
            }

            if (cached ? TryTakeCached(cache, order, last, out pfn) : TryTakeUncached(cache, order, units, last, out pfn))
            {
                return true;
            }

            if (!flush)
            {
                return false;
            }

            return TryAfterFlush(cache, cached, order, units, last, out pfn);
        }
        finally
        {
            Unprotect(cache);
        }
    }

    private bool TryAfterFlush(ThreadCache* cache, bool cached, int order, ulong units, ulong last, out ulong pfn)
    {
        Atomic.Increment(ref _flushes.Value);
        _engine.BeginPressure();
        try
        {
            var look = new SecondLook(_committed.Transit);
            for (int round = 0; round < FlushRounds; round++)
            {
                FlushAll();
                look.Begin();
                if (cached ? TryTakeCached(cache, order, last, out pfn) : TryTakeUncached(cache, order, units, last, out pfn))
                {
                    return true;
                }

                // Nor is anything on its way home: out of a depot, it counts as cached no more.
                if (CountCached() == 0 && !look.IsWorthwhile())
                {
                    break;
                }
            }

            pfn = 0;
            return false;
        }
        finally
        {
            _engine.EndPressure();
        }
    }

    private bool TryTakeCached(ThreadCache* cache, int order, ulong last, out ulong pfn)
    {
        int upper = IovaSource.UpperCode(order);
        int lower = IovaSource.LowerOf(upper);
        nuint highest = IovaSource.Encode(last - MaskOf(order));
        bool isLow = last < _upperStart;
        do
        {
            // The class that the limit points at; then the other one, for what lies in its magazines: all that is free may be there.
            nuint resource = isLow
                ? Take(cache, lower, last == _upperStart - 1 ? nuint.MaxValue : highest)
                : Take(cache, upper, last == LastPfn ? nuint.MaxValue : highest);
            if (resource == 0 && _hasLower)
            {
                resource = isLow ? Take(cache, upper, highest) : Take(cache, lower, nuint.MaxValue);
            }

            if (resource == 0)
            {
                pfn = 0;
                return false;
            }

            pfn = IovaSource.Decode(resource);
        }
        while (_marks && !TryHandOut(pfn, order));

        return true;
    }

    private nuint Take(ThreadCache* cache, int code, nuint highest)
        => cache != null ? _engine.RefillBelow(cache, code, highest) : _engine.AcquireOneBelow(code, highest);

    /// <summary>Ends the mark of a range that lay in a magazine.</summary>
    /// <returns>False when somebody freed the range to the tree in the middle of a free into the magazine; it is left alone.</returns>
    private bool TryHandOut(ulong pfn, int order)
    {
        bool isOurs = _tree.TryUnmark(pfn);
        if (!isOurs)
        {
            _misuses.Report(IovaMisuseKind.DoubleFree, pfn, 1UL << order);
        }

        return isOurs;
    }

    private bool TryTakeUncached(ThreadCache* cache, int order, ulong units, ulong last, out ulong pfn)
    {
        if (cache != null)
        {
            cache->Uncached++;
        }

        return TryTakeFromTree(units, order, last, out pfn);
    }

    private bool TryTakeFromTree(ulong units, int order, ulong last, out ulong pfn)
    {
        if (FaultPlan.Fails(_options.Faults, FaultPoint.RangeClaim))
        {
            // Which notes itself.
            pfn = 0;
            return false;
        }

        if (_tree.TryAllocate(units, order, last, out pfn))
        {
            return true;
        }

        Refusal.Note(RefusalKind.Reservation);
        return false;
    }

    private void FreeFastSlow(ulong pfn, ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfZero(size);
        ThreadCache* cache = Protect();
        try
        {
            int order = OrderOf(size - 1);
            int code = IovaSource.UpperCode(order);
            code = pfn < _upperStart ? IovaSource.LowerOf(code) : code;
            if (pfn < _startPfn || pfn > LastPfn || size - 1 > LastPfn - pfn)
            {
                Refuse(IovaMisuseKind.NotAllocated, pfn, size);
            }
            else if (order >= _options.CachedOrders || (pfn & MaskOf(order)) != 0 || (_marks && !TryMarkFreed(pfn, order)))
            {
                FreeExactly(pfn, size);
            }
            else if (cache != null)
            {
                _engine.Spill(cache, code, IovaSource.Encode(pfn));
            }
            else
            {
                _engine.ReleaseOne(code, IovaSource.Encode(pfn));
            }
        }
        finally
        {
            Unprotect(cache);
        }
    }

    /// <returns>False when this is not an allocated range of exactly that order; the reason is looked for elsewhere.</returns>
    private bool TryMarkFreed(ulong pfn, int order)
        => !_reserved.TryFind(pfn, out _) && _tree.TryMark(pfn, order);

    /// <summary>A free by place and size that does not go into a magazine.</summary>
    private void FreeExactly(ulong pfn, ulong size)
    {
        if (!TryClassify(pfn, size, out IovaRange range, out IovaMisuseKind wrong) || !FreeInTree(range))
        {
            Refuse(wrong, pfn, size);
        }
    }

    /// <returns>False when the range must not be freed; then <paramref name="wrong"/> says why.</returns>
    private bool TryClassify(ulong pfn, ulong size, out IovaRange range, out IovaMisuseKind wrong)
    {
        wrong = IovaMisuseKind.NotAllocated;
        if (_reserved.TryFind(pfn, out range))
        {
            wrong = IovaMisuseKind.Reserved;
            return false;
        }

        if (!_tree.TryFind(pfn, out ulong first, out ulong last))
        {
            return false;
        }

        range = new IovaRange(first, last);
        if (first != pfn)
        {
            wrong = IovaMisuseKind.NotFirst;
        }
        else if (_marks && _tree.IsMarked(first))
        {
            wrong = IovaMisuseKind.DoubleFree;
        }
        else if (range.Count != size)
        {
            wrong = IovaMisuseKind.WrongSize;
        }
        else
        {
            return true;
        }

        return false;
    }

    /// <summary>Counts and reports a misuse; throws where checks are on.</summary>
    private void Refuse(IovaMisuseKind kind, ulong pfn, ulong size)
    {
        IovaMisuseReport report = _misuses.Report(kind, pfn, size);
        if (_marks)
        {
            throw new IovaMisuseException(report);
        }
    }

    private static int OrderOf(ulong sizeMinusOne) => Bits - BitOperations.LeadingZeroCount(sizeMinusOne);

    private static ulong MaskOf(int order) => ~(ulong.MaxValue << order);

    [DoesNotReturn]
    private void ThrowExhausted(ulong size, ulong limitPfn)
    {
        string why = Refusal.Last == RefusalKind.Injected ? "a fault plan made a step fail. " : "";
        IovaStatistics books = GetStatistics();
        throw new IovaExhaustedException(Name, size, limitPfn, string.Create(
            CultureInfo.InvariantCulture,
            $"{why}Allocated: {books.AllocatedUnits} pfns, cached: {books.CachedUnits}, reserved: {books.ReservedUnits}, free: {books.FreeUnits}; committed: {books.CommittedBytes} bytes."));
    }
}
