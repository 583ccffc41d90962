using MagAlloc.Tests.Iova.Support;

namespace MagAlloc.Tests.Iova.Model;

/// <summary>Random operations on a domain and on the model at once. The seed decides everything.</summary>
/// <remarks>
/// Refusals are held against the model exactly. A plain allocation may be refused when caches hold the room, as in the
/// kernel, so it is held against what the domain enumerates; a fast one that may flush has no such excuse.
/// </remarks>
internal sealed partial class IovaModelRun(IovaDomain domain, IovaSetting setting, int seed) : IDisposable
{
    // Placement is checked by a walk over the whole model: each time would make the run quadratic.
    private const int PlacementEvery = 61;
    private const int WholeCheckEvery = 20_000;

    private readonly Partner _partner = new();
    private readonly Random _random = new(seed);
    private readonly IovaModel _model = new(domain.StartPfn, domain.LastPfn);
    private int _target = 300;

    /// <summary>Steps done, for the message of a failure.</summary>
    public int Step { get; private set; }

    /// <summary>The last operation, for the message of a failure.</summary>
    public string Operation { get; private set; } = "none";

    public int Refusals { get; private set; }

    /// <summary>Allocations that the model and the domain agreed on.</summary>
    public int Allocations { get; private set; }

    public void Run(int steps)
    {
        for (Step = 1; Step <= steps; Step++)
        {
            if (Step % 2000 == 0)
            {
                _target = _random.Next(0, 600); // phases of growth and of shrinking
            }

            One();
            if (Step % WholeCheckEvery == 0)
            {
                VerifyAll();
            }
        }
    }

    /// <summary>Frees everything: nothing may be missing.</summary>
    public void End()
    {
        VerifyAll();
        while (_model.Count > 0)
        {
            FreeAt(_random.Next(_model.Count));
        }

        VerifyAll();
        domain.AssertNothingIsLost($"seed {seed}");
    }

    public void Dispose() => _partner.Dispose();

    private void One()
    {
        int dice = _random.Next(1000);
        bool grow = _model.Count < _target;
        switch (dice)
        {
            case < 3:
                Maintain();
                break;
            case < 10:
                Reserve();
                break;
            case < 60:
                Find();
                break;
            case < 80:
                RefuseBadFree();
                break;
            default:
                if (_model.Count == 0 || dice < (grow ? 700 : 420))
                {
                    Allocate();
                }
                else
                {
                    FreeAt(_random.Next(_model.Count));
                }

                break;
        }
    }

    private void Allocate()
    {
        if (setting.Fast && _random.Next(3) != 0)
        {
            AllocateFast();
            return;
        }

        ulong size = Size();
        ulong limit = Limit();
        bool aligned = _random.Next(2) == 0;
        ulong alignment = aligned ? Spaces.RoundUp(size) : 1;
        Operation = $"Allocate({size}, {limit}, {aligned})";
        bool predict = !setting.Fast && !setting.Faulty && Allocations % PlacementEvery == 0;
        Placement expected = predict ? Placement.Foretell(_model, size, alignment, limit) : default;
        if (domain.TryAllocate(size, limit, aligned, out IovaRange range))
        {
            Accept(range, size, alignment, limit, ModelKind.Plain, size);
            if (predict)
            {
                expected.Require(range.First);
            }
        }
        else
        {
            Refusals++;
            IovaModel.Require(range == default, $"refused, but {range}");
            RequireNoRoom(FreeForTheDomain(), size, alignment, limit);
        }
    }

    private void AllocateFast()
    {
        ulong size = FastSize();
        ulong units = Spaces.FastUnits(size);
        ulong limit = Limit();
        bool flush = _random.Next(4) != 0;
        Operation = $"AllocateFast({size}, {limit}, {flush})";
        if (domain.TryAllocateFast(size, limit, flush, out ulong pfn))
        {
            Accept(new IovaRange(pfn, pfn + units - 1), units, Spaces.RoundUp(units), limit, ModelKind.Fast, size);
            IovaModel.Require(
                domain.TryFind(pfn, out IovaRange found) && found == new IovaRange(pfn, pfn + units - 1),
                $"{pfn} + {units} was handed out, but {found} is what the domain knows");
        }
        else
        {
            Refusals++;
            RequireNoRoom(flush ? null : FreeForTheDomain(), units, Spaces.RoundUp(units), limit);
        }
    }

    private void Accept(IovaRange range, ulong units, ulong alignment, ulong limit, ModelKind kind, ulong size)
    {
        Allocations++;
        IovaModel.Require(range.Count == units, $"{range} has {range.Count} granules, not {units}");
        IovaModel.Require(range.Last <= limit, $"{range} is above the limit {limit}");
        IovaModel.Require(range.First % alignment == 0, $"{range} is not aligned to {alignment}");
        _model.Add(new ModelRange(range.First, range.Last, kind, size));
    }

    private void FreeAt(int index)
    {
        ModelRange range = _model.RemoveAt(index);
        int way = _random.Next(3);
        Operation = $"free {range}, way {way}";
        bool freed = true;
        if (range.Kind == ModelKind.Reserved)
        {
            // By its page frame a reservation cannot be freed: only who knows its bounds may take it back.
            IovaModel.Require(!domain.Free(range.First), "Free(pfn) freed a reservation");
            freed = domain.Free(range.Range);
        }
        else if (CanBeFreedFast(range) && way != 0)
        {
            // The order that the rounded size gives is that of the size asked for.
            domain.FreeFast(range.First, _random.Next(2) == 0 ? range.Size : range.Units);
        }
        else if (way == 1)
        {
            freed = domain.Free(range.Range);
        }
        else
        {
            // free_iova: any page frame inside frees the whole range.
            freed = domain.Free(range.First + ((ulong)_random.NextInt64() % range.Units));
        }

        IovaModel.Require(freed, $"{range} could not be freed");
    }

    /// <summary>A plain range may go into a cache when it looks like one from there.</summary>
    private bool CanBeFreedFast(ModelRange range)
        => setting.Fast
            && (range.Kind == ModelKind.Fast
                || (range.Units == Spaces.FastUnits(range.Units) && range.First % Spaces.RoundUp(range.Units) == 0));

    private IEnumerable<IovaRange>? FreeForTheDomain() => setting.Fast && !setting.Faulty ? domain.EnumerateInUse().Reverse() : null;

    private void RequireNoRoom(IEnumerable<IovaRange>? inUse, ulong units, ulong alignment, ulong limit)
    {
        if (setting.Faulty)
        {
            return; // the refusal may be an injected one
        }

        bool room = inUse is null
            ? _model.TryHighest(units, alignment, limit, out ulong first)
            : _model.TryHighest(inUse, units, alignment, limit, out first);
        IovaModel.Require(!room, $"refused although {first} + {units} is free");
    }

    private ulong Size() => _random.Next(20) switch
    {
        0 => 1UL << _random.Next(0, setting.UnitBits),
        1 => (ulong)_random.NextInt64(1, 1L << (setting.UnitBits - 3)),
        2 => (ulong)_random.Next(500, 530),                              // about one leaf of the range tree
        < 8 => (ulong)_random.Next(1, 100),
        _ => (ulong)_random.Next(1, 9),
    };

    private ulong FastSize() => _random.Next(12) switch
    {
        0 => (ulong)_random.Next(17, 33),
        1 => (ulong)_random.Next(33, 70),
        < 5 => 1,
        _ => (ulong)_random.Next(1, 17),
    };

    private ulong Limit() => _random.Next(10) switch
    {
        0 => ulong.MaxValue,
        1 => (ulong)_random.NextInt64(0, (long)domain.LastPfn + 2),
        2 => domain.StartPfn + (ulong)_random.Next(0, 70),
        < 6 => domain.LastPfn / 16,
        _ => domain.LastPfn,
    };
}
