using System.Reflection;
using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Magazines;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>An engine with magazines of two whose caches are visited, and a record of who holds which resource.</summary>
internal sealed unsafe class VisitedWorld
{
    private const int Code = 1;
    private const int Resources = 24;

    private readonly SourceBook _book = new(Resources);
    private readonly bool[] _held = new bool[Resources + 1];
    private bool _closed;
    private int _pause;

    /// <param name="capacity">Of a magazine; from four on, pairs change places without a slow step.</param>
    public VisitedWorld(int capacity = 2)
    {
        Engine = new IovaEngine<VisitedSource>(new VisitedSource(_book, depotBudget: 100), new EngineOptions(
            "visited", [new MagazineClass(capacity, 1, capacity)], 0, 64, new BoundedCounter(long.MaxValue), ReclaimPolicy.Flat, 0, null));
    }

    public IovaEngine<VisitedSource> Engine { get; }

    /// <summary>As in <see cref="EngineWorld"/>.</summary>
    public bool Pauses { get; init; }

    /// <summary>1 when all of the owner's memory is unmapped.</summary>
    public int Releases => _book is { Steps.IsGone: true, Looks.IsGone: true } ? 1 : 0;

    public bool IsClosed => _closed;

    public void Close()
    {
        bool closed = Engine.Close(() => _book.IsDiscarded = true, _book.Bequeath, drainThreads: false);
        _closed |= closed;
    }

    /// <summary>What the thread that owns a cache does: the domain's fast path, then its slow one.</summary>
    public nuint Allocate(ulong highest = ulong.MaxValue)
    {
        bool wasClosed = _closed;
        ThreadCache* cache = CacheSlot<VisitedSource>.t_last;
        cache = cache != null && Atomic.Load(ref cache->EngineId) == Engine.Id ? cache : Engine.Current();
        nuint resource = 0;
        ulong limit = highest == ulong.MaxValue ? highest : highest - 1;
        bool own = Atomic.Load(ref cache->EngineId) == Engine.Id;
        Pause(own);
        if (own && VisitedEntry.TryPop(ThreadCache.Entry(cache, Code), 0, limit, out nuint first, out nuint* top))
        {
            bool counts = Atomic.Load(ref cache->EngineId) == Engine.Id || Engine.Settle(cache, Code, onPrevious: false, top);
            resource = counts ? first + 1 : 0;
        }
        else if (own)
        {
            resource = Engine.SwapAndPopVisited(cache, Code, 0, limit);
        }

        if (resource == 0)
        {
            Engine.Pin(cache);
            try
            {
                resource = Engine.RefillBelow(cache, Code, (nuint)highest);
            }
            finally
            {
                Engine.Unpin(cache);
            }
        }

        Must.Hold(!wasClosed, "no operation begins after a disposal has ended");
        if (resource != 0)
        {
            Must.Hold(resource <= highest, $"{resource} is above {highest}");
            Must.Hold(!_held[(int)resource], $"{resource} was handed out twice");
            _held[(int)resource] = true;
        }

        return resource;
    }

    public void Free(nuint resource)
    {
        ThreadCache* cache = CacheSlot<VisitedSource>.t_last;
        cache = cache != null && Atomic.Load(ref cache->EngineId) == Engine.Id ? cache : Engine.Current();
        Must.Hold(_held[(int)resource], "only its holder frees a resource");
        _held[(int)resource] = false;
        nuint* top = null;
        bool pushed = Atomic.Load(ref cache->EngineId) == Engine.Id && VisitedEntry.TryPush(ThreadCache.Entry(cache, Code), resource, out top);
        if (!pushed || (Atomic.Load(ref cache->EngineId) != Engine.Id && !Engine.Settle(cache, Code, onPrevious: true, top)))
        {
            Engine.Pin(cache);
            try
            {
                Engine.Spill(cache, Code, resource);
            }
            finally
            {
                Engine.Unpin(cache);
            }
        }
    }

    private void Pause(bool looks)
    {
        if (Pauses && looks)
        {
            _ = Atomic.Load(ref _pause);
            _book.RequireLooks();
        }
    }

    /// <summary>Allocates n, then frees them.</summary>
    public void Burst(int count, ulong highest = ulong.MaxValue)
    {
        Span<nuint> mine = stackalloc nuint[count];
        for (int i = 0; i < count; i++)
        {
            mine[i] = Allocate(highest);
        }

        foreach (nuint resource in mine)
        {
            if (resource != 0)
            {
                Free(resource);
            }
        }
    }

    /// <summary>What a flush of all caches does.</summary>
    public void Visit()
    {
        Engine.Enter();
        Engine.Visit();
        Engine.Leave();
    }

    /// <summary>As if so many visits had been here.</summary>
    public void SkipVisits(long count)
    {
        FieldInfo visits = typeof(IovaEngine<VisitedSource>).GetField("_visits", BindingFlags.Instance | BindingFlags.NonPublic)!;
        visits.SetValue(Engine, new PaddedLong { Value = count });
    }

    /// <summary>Brings everything home.</summary>
    public void Flush()
    {
        Engine.Enter();
        Engine.FlushEverything();
        Engine.Leave();
    }

    /// <summary>Lets a thread work here, empties its cache behind its back, and lets it die without noticing.</summary>
    /// <returns>Its record: reachable, so that no finalizer runs meanwhile.</returns>
    public ThreadRecord LeaveVisitedDeadThread()
    {
        ThreadRecord? record = null;
        using var worked = new ManualResetEventSlim();
        using var end = new ManualResetEventSlim();
        var thread = new Thread(() =>
        {
            Burst(3);
            record = ThreadRecord.Current;
            worked.Set();
            end.Wait();
        });
        thread.Start();
        worked.Wait();
        Visit();
        end.Set();
        thread.Join();
        return record!;
    }

    /// <summary>At rest: what is out of the source is held or in a magazine.</summary>
    /// <param name="missing">Resources that a stopped thread may hold.</param>
    public void Check(int missing = 0)
    {
        int left = _book.IsOut.Count(isOut => isOut);
        int held = _held.Count(isHeld => isHeld);
        long lost = left - held - Engine.CountCached(Code);
        for (int i = 0; i < _held.Length; i++)
        {
            Must.Hold(_book.IsOut[i] || !_held[i], $"{i} is held, and at home");
        }

        Must.Hold(lost <= missing && lost >= -missing, $"{lost} are lost, {missing} may be");
    }

    /// <param name="missing">Resources that a stopped thread may hold.</param>
    /// <param name="prepare">Runs on thread 0 first, where threads have their caches before the first step; null: they come new.</param>
    /// <param name="threads">What they do.</param>
    public Scenario Scenario(int missing, Action? prepare, params Action[] threads)
        => new()
        {
            Threads = threads,
            Prepare = id =>
            {
                ThreadRecord.Current.Prune();
                CacheSlot<VisitedSource>.t_last = null;
                if (prepare is not null)
                {
                    Engine.Current();
                }

                if (id == 0)
                {
                    prepare?.Invoke();
                }
            },
            Check = () => Check(missing),
            CheckAtRest = () =>
            {
                if (!_closed)
                {
                    Check();
                }
            },
            Cleanup = Close,
        };
}
