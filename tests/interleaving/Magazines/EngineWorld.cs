using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Magazines;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>An engine with magazines of two, and a record of who holds which resource.</summary>
internal sealed unsafe class EngineWorld
{
    private const int Code = 1;
    private const int Capacity = 2;
    private const int Resources = 40;

    private readonly SourceBook _book = new(Resources);
    private readonly bool[] _held = new bool[Resources + 1];
    private int _pause;

    public EngineWorld(long depotBudget = 100, ReclaimPolicy policy = ReclaimPolicy.Flat, int threshold = 0)
    {
        Engine = new MagazineEngine<CountedSource>(new CountedSource(_book, depotBudget), new EngineOptions(
            "explored", [new MagazineClass(Capacity, 1, Capacity)], 0, 64, Committed, policy, threshold, null));
    }

    public BoundedCounter Committed { get; } = new(long.MaxValue);

    public MagazineEngine<CountedSource> Engine { get; }

    /// <summary>Times the owner's memory was zeroed by <see cref="Close"/>.</summary>
    public int Discards { get; private set; }

    /// <summary>1 when all of the owner's memory is unmapped.</summary>
    public int Releases => _book is { Steps.IsGone: true, Looks.IsGone: true } ? 1 : 0;

    public bool IsClosed { get; private set; }

    /// <summary>A step between the look at the cache's number and the pop, which others may come between.</summary>
    public bool Pauses { get; init; }

    /// <summary>What an owner's allocation does.</summary>
    public nuint Allocate()
    {
        bool wasClosed = IsClosed;
        ThreadCache* cache = CacheSlot<CountedSource>.t_last;
        nuint resource = 0;
        if (cache != null && Atomic.Load(ref cache->EngineId) == Engine.Id)
        {
            Pause();
            if (!ThreadCache.TryPop(cache, Code, out resource))
            {
                resource = Refill(cache);
            }
        }
        else
        {
            cache = Engine.Current();
            resource = Refill(cache);
        }

        Must.Hold(!wasClosed, "no operation begins after a disposal has ended");
        if (resource != 0)
        {
            Must.Hold(!_held[(int)resource], $"{resource} was handed out twice");
            _held[(int)resource] = true;
        }

        return resource;
    }

    /// <summary>What an owner's free does.</summary>
    public void Free(nuint resource)
    {
        bool wasClosed = IsClosed;
        Must.Hold(_held[(int)resource], "only its holder frees a resource");
        _held[(int)resource] = false;
        ThreadCache* cache = CacheSlot<CountedSource>.t_last;
        bool isPushed = false;
        if (cache != null && Atomic.Load(ref cache->EngineId) == Engine.Id)
        {
            Pause();
            isPushed = ThreadCache.TryPush(cache, Code, resource);
        }
        else
        {
            cache = Engine.Current();
        }

        if (!isPushed)
        {
            Engine.Pin(cache);
            try
            {
                _book.RequireSteps();
                Engine.Spill(cache, Code, resource);
            }
            finally
            {
                Engine.Unpin(cache);
            }
        }

        Must.Hold(!wasClosed, "no operation begins after a disposal has ended");
    }

    private nuint Refill(ThreadCache* cache)
    {
        Engine.Pin(cache);
        try
        {
            // An owner looks at its own memory before it asks the engine for anything.
            _book.RequireSteps();
            return ThreadCache.TryPop(cache, Code, out nuint resource) ? resource : Engine.Refill(cache, Code);
        }
        finally
        {
            Engine.Unpin(cache);
        }
    }

    private void Pause()
    {
        if (Pauses)
        {
            _ = Atomic.Load(ref _pause);
            _book.RequireLooks();
        }
    }

    /// <summary>Allocates n, then frees them: with magazines of two this drives magazines through the depot.</summary>
    /// <returns>Whether there were n.</returns>
    public bool Burst(int count)
    {
        bool all = true;
        Span<nuint> mine = stackalloc nuint[count];
        for (int i = 0; i < count; i++)
        {
            mine[i] = Allocate();
            all &= mine[i] != 0;
        }

        foreach (nuint resource in mine)
        {
            if (resource != 0)
            {
                Free(resource);
            }
        }

        return all;
    }

    /// <summary>This thread falls asleep in a wait of the runtime's, and wakes up. Others may come between.</summary>
    public void Sleep()
    {
        ThreadLife life = ThreadRecord.Current.Life;
        Atomic.Exchange(ref life.Asleep, 1);
        Pause();
        Atomic.Exchange(ref life.Asleep, 0);
    }

    /// <summary>At rest: what is out of the source is held or in a magazine.</summary>
    /// <param name="missing">Resources that a stopped thread may hold.</param>
    public void Check(int missing = 0)
    {
        int left = _book.IsOut.Count(isOut => isOut);
        int held = _held.Count(isHeld => isHeld);
        long cached = Engine.CountCached(Code);
        long lost = left - held - cached;
        for (int i = 0; i < _held.Length; i++)
        {
            Must.Hold(_book.IsOut[i] || !_held[i], $"{i} is held, and at home");
        }

        Must.Hold(
            lost <= missing && lost >= -missing,
            $"{left} are out, {held} of them held and {cached} in magazines: {lost} are lost, {missing} may be");
    }

    /// <summary>Lets a thread be born, work here, and die. Its record stays reachable, so that no finalizer runs meanwhile.</summary>
    public ThreadRecord LeaveDeadThread(int burst)
    {
        ThreadRecord? record = null;
        var thread = new Thread(() =>
        {
            Burst(burst);
            record = ThreadRecord.Current;
        });
        thread.Start();
        thread.Join();
        return record!;
    }

    /// <returns>False when somebody else has closed the engine.</returns>
    public bool Close()
    {
        bool closed = Engine.Close(
            () =>
            {
                Discards++;
                _book.IsDiscarded = true;
            },
            _book.Bequeath,
            drainThreads: false);
        IsClosed |= closed;
        return closed;
    }
}
