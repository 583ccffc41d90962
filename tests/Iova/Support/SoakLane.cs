using System.Collections.Concurrent;

namespace MagAlloc.Tests.Iova.Support;

/// <summary>One thread of a soak: random operations, every range checked against the map of owners.</summary>
internal sealed class SoakLane(IovaDomain domain, OwnerMap owners, ConcurrentQueue<SoakRange> mail, int seed, bool fast)
{
    // One owner for all: ranges change hands, and what is looked for is a granule with two holders at a time.
    private const int Owner = 1;

    private readonly Random _random = new(seed);
    private readonly List<SoakRange> _live = [];

    public long Operations { get; private set; }

    public long Refusals { get; private set; }

    public void Run(TimeSpan time, int mostLive)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        while (watch.Elapsed < time)
        {
            int target = _random.Next(mostLive);
            for (int i = 0; i < 300; i++)
            {
                Operations++;
                One(target);
            }
        }

        while (_live.Count > 0)
        {
            Free(_live.Count - 1);
        }
    }

    /// <summary>Frees what was sent and never fetched.</summary>
    public static void Empty(IovaDomain domain, OwnerMap owners, ConcurrentQueue<SoakRange> mail)
    {
        while (mail.TryDequeue(out SoakRange range))
        {
            owners.Drop(range.Range, Owner);
            range.Free(domain);
        }
    }

    private void One(int target)
    {
        int dice = _random.Next(200);
        if (dice == 0)
        {
            Maintain();
        }
        else if (dice < 6)
        {
            Reserve();
        }
        else if (dice < 20 && _live.Count > 0)
        {
            IovaRange range = _live[_random.Next(_live.Count)].Range;
            ulong pfn = range.First + ((ulong)_random.Next() % range.Count);
            Require(domain.TryFind(pfn, out IovaRange found) && found == range, $"{pfn} of {range} leads to {found}");
        }
        else if (dice < 40 && _live.Count > 0)
        {
            Mail();
        }
        else if (_live.Count < target)
        {
            Allocate();
        }
        else if (_live.Count > 0)
        {
            Free(_random.Next(_live.Count));
        }
    }

    private void Allocate()
    {
        ulong limit = _random.Next(2) == 0 ? domain.LastPfn : domain.LastPfn / (ulong)_random.Next(2, 9);
        bool quick = fast && _random.Next(4) != 0;
        ulong size = (ulong)(_random.Next(5) == 0 ? _random.Next(1, 300) : _random.Next(1, 10));
        bool aligned = quick || _random.Next(2) == 0;
        IovaRange range = default;
        bool got;
        if (quick)
        {
            got = domain.TryAllocateFast(size, limit, _random.Next(8) == 0, out ulong pfn);
            range = new IovaRange(pfn, pfn + Spaces.FastUnits(size) - 1);
        }
        else
        {
            got = domain.TryAllocate(size, limit, aligned, out range);
            Require(!got || range.Count == size, $"{range} for {size}");
        }

        if (!got)
        {
            Refusals++;
            return;
        }

        owners.Take(range, Owner);
        Require(range.Last <= limit, $"{range} is above {limit}");
        Require(!aligned || range.First % Spaces.RoundUp(size) == 0, $"{range} for {size} is not aligned");
        _live.Add(new SoakRange(range, quick ? size : 0));
    }

    private void Free(int index)
    {
        SoakRange range = _live[index];
        _live[index] = _live[^1];
        _live.RemoveAt(_live.Count - 1);
        owners.Drop(range.Range, Owner);
        range.Free(domain);
    }

    /// <summary>A range goes to whoever looks into the mail next; one that lies there becomes ours.</summary>
    private void Mail()
    {
        int index = _random.Next(_live.Count);
        mail.Enqueue(_live[index]);
        _live[index] = _live[^1];
        _live.RemoveAt(_live.Count - 1);
        if (mail.Count > 64 && mail.TryDequeue(out SoakRange range))
        {
            _live.Add(range);
        }
    }

    private void Reserve()
    {
        ulong first = domain.StartPfn + ((ulong)_random.Next() % (domain.LastPfn - domain.StartPfn));
        IovaReservation reservation = domain.Reserve(first, Math.Min(domain.LastPfn, first + (ulong)_random.Next(40)));
        foreach (IovaRange range in reservation.Reserved)
        {
            owners.Take(range, Owner);
        }

        foreach (IovaRange range in reservation.Reserved)
        {
            owners.Drop(range, Owner);
            Require(domain.Free(range), $"the reservation {range} is gone");
        }
    }

    private void Maintain()
    {
        switch (_random.Next(4))
        {
            case 0:
                domain.Flush();
                break;
            case 1:
                // A walk, not a snapshot: a range that came since may begin below the end of one that is gone.
                ulong next = 0;
                foreach (IovaRange range in domain.EnumerateInUse())
                {
                    Require(range.Last >= next && range.Last >= range.First, $"{range} behind {next}");
                    next = range.Last + 1;
                }

                break;
            case 2:
                domain.Trim();
                break;
            default:
                domain.Tick();
                break;
        }
    }

    private void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"seed {seed}: {otherwise}");
        }
    }
}
