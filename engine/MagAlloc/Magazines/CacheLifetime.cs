using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Platform;

namespace MagAlloc.Magazines;

/// <summary>
/// The caches of an engine's threads: a thread gets one at its first operation, or the one of a thread that has ended; a dead thread's is brought home;
/// and the end of the engine, which waits for no thread's operation.
/// </summary>
/// <remarks>
/// A cache is its thread's own. Who keeps the engine's memory mapped meanwhile: a cache that is pinned, one that was used last (<see cref="Close"/>), or a
/// guest, who has no cache here (a statistics reader, the worker, a finalizer).
/// </remarks>
/// <typeparam name="TSource">A struct, so that its calls are direct.</typeparam>
[SuppressMessage("Design", "CA1001", Justification = "Close is the disposal; it needs to know when readers have left.")]
internal abstract unsafe partial class CacheLifetime<TSource> : ICacheOwner
    where TSource : struct, IMagazineSource
{
    private protected readonly EngineOptions _options;

    // Of a magazine of each code; 0: the code has no magazines.
    private protected readonly int[] _capacities;
    private protected readonly int _codes;
    private readonly Remains _looks = new();
    private readonly Remains _steps;
    private protected CacheNode? _nodes;
    private long _guests;
    private protected int _flushEpoch;
    private int _closed;

    private protected CacheLifetime(EngineOptions options)
    {
        _options = options;
        _steps = new Remains(heir: _looks);
        Id = options.Id != 0 ? options.Id : EngineIds.Next();
        _codes = 1 + options.Classes.Length + options.ExtraCodes;
        _capacities = new int[_codes];
        for (int i = 0; i < options.Classes.Length; i++)
        {
            _capacities[i + 1] = options.Classes[i].Capacity;
        }
    }

    public long Id { get; }

    public bool IsClosed => Atomic.Load(ref _closed) != 0;

    /// <summary>This thread's cache, made on first use.</summary>
    /// <returns>Null when there is no memory for one.</returns>
    /// <exception cref="ObjectDisposedException">The engine is closed.</exception>
    public ThreadCache* Current()
    {
        ThreadCache* last = CacheSlot<TSource>.t_last;
        return last != null && last->EngineId == Id ? last : Attach();
    }

    /// <summary>This thread's cache if it has one.</summary>
    public ThreadCache* FindOwn()
    {
        ThreadCache* last = CacheSlot<TSource>.t_last;
        return last != null && last->EngineId == Id ? last : ThreadRecord.Current.Find(Id);
    }

    /// <summary>
    /// Keeps the engine's memory mapped for an operation of a thread that has no cache here (a statistics reader, the
    /// worker, a finalizer). Every successful call is followed by <see cref="Leave"/>.
    /// </summary>
    /// <returns>False when the engine is closed.</returns>
    public bool TryEnter()
    {
        // Dekker with Close: the count is raised before the flag is read, Close raises the flag before it reads the count.
        Atomic.Increment(ref _guests);
        if (!IsClosed)
        {
            return true;
        }

        Leave();
        return false;
    }

    /// <summary>Ends what <see cref="TryEnter"/> began.</summary>
    public void Leave() => Atomic.Add(ref _guests, -1);

    /// <inheritdoc cref="TryEnter"/>
    /// <exception cref="ObjectDisposedException">The engine is closed.</exception>
    public void Enter()
    {
        if (!TryEnter())
        {
            LetGo();
            ThrowIfClosed();
        }
    }

    /// <summary><see cref="Enter"/> until the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The engine is closed.</exception>
    public Guest AsGuest()
    {
        Enter();
        return new Guest(this);
    }

    /// <summary>Begins a slow operation on this thread's cache: until <see cref="Unpin"/> the owner's memory stays mapped for it.</summary>
    /// <exception cref="ObjectDisposedException">The engine is closed.</exception>
    public void Pin(ThreadCache* cache)
    {
        // Write mine, then read yours: the fence between the two is paid by Close, for all threads.
        Atomic.Store(ref cache->Pins, cache->Pins + 1);
        if (IsClosed)
        {
            Unpin(cache);
            ThrowIfClosed();
        }
    }

    /// <summary>Ends what <see cref="Pin"/> began.</summary>
    public void Unpin(ThreadCache* cache)
    {
        Atomic.Store(ref cache->Pins, cache->Pins - 1);
        if (IsClosed)
        {
            LetGo();
        }
    }

    /// <summary>This thread is at the end of its last operation here, or at the start of one that is refused.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private protected static void LetGo() => ThreadRecord.Current.Prune();

    /// <summary>
    /// Keeps the blocks of this engine mapped, not their contents, beyond a <see cref="Close"/>. Followed by <see cref="ReleaseMapped"/>.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The engine is closed.</exception>
    public void KeepMapped()
    {
        // A guest: the closing thread has not left yet.
        Enter();
        _looks.Enter();
        Leave();
    }

    /// <summary>Ends what <see cref="KeepMapped"/> began.</summary>
    public void ReleaseMapped() => _looks.Leave();

    /// <summary>Asks every thread to bring its magazines home at its next slow step. Idle threads keep theirs.</summary>
    public void RequestFlush() => Atomic.Add(ref _flushEpoch, 1);

    public bool ReapsOnFinalizer => !TSource.RunsUserCode;

    public void Reap(CacheNode node, CacheTicket seen)
    {
        if (!TryEnter())
        {
            // Close deals with every node itself.
            return;
        }

        try
        {
            if (seen.State == CacheNodeState.Live && node.TryMove(seen, CacheNodeState.Draining))
            {
                _options.Committed.Transit.Begin();
                try
                {
                    BeginVisited(node.Cache);
                    Flush(node.Cache, keepFullInDepot: true);
                    if (node.Cache->Trace != null)
                    {
                        TellExchanges(node.Cache->Trace, discard: false);
                    }
                }
                finally
                {
                    EndVisited(node.Cache);
                    node.Become(CacheNodeState.Free);
                    _options.Committed.Transit.End();
                }

                TellThread(attached: false);
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Brings home the caches of threads that have ended.</summary>
    /// <returns>How many threads are alive and have a cache here.</returns>
    public int ReapDeadThreads()
    {
        int alive = 0;
        for (CacheNode? node = Atomic.Load(ref _nodes); node is not null; node = node.Next)
        {
            CacheTicket ticket = node.Ticket;
            if (ticket.State != CacheNodeState.Live)
            {
                continue;
            }

            if (node.Life.IsAlive)
            {
                alive++;
            }
            else
            {
                Reap(node, ticket);
            }
        }

        return alive;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ThreadCache* Attach()
    {
        ThreadRecord record = ThreadRecord.Current;
        ThreadCache* cache = record.Find(Id);
        bool isNew = cache == null;
        if (record.HasDead)
        {
            record.Prune();
        }

        if (isNew)
        {
            Enter();
            try
            {
                record.MakeRoom();
                record.Prune();
                cache = Adopt(record);
                if (cache == null)
                {
                    cache = Create(record);
                }
            }
            finally
            {
                Leave();
            }
        }

        if (cache != null)
        {
            // No fast path begins while the two words differ, nor behind a refusal: the owner that this thread used before looks at
            // the last use only, and would unmap what the slot still leads to.
            CacheSlot<TSource>.t_last = null;
            LastUseSlot<TSource>.Current.Set(cache);
            if (IsClosed)
            {
                record.Prune();
                ThrowIfClosed();
            }

            CacheSlot<TSource>.t_last = cache;

            // The worker must notice when this thread ends, even if it never brings anything home itself.
            ArmWorker();
            if (isNew)
            {
                // Behind all else: whoever is told may call back, and must find this cache.
                TellThread(attached: true);
            }
        }

        return cache;
    }

    private ThreadCache* Adopt(ThreadRecord record)
    {
        for (CacheNode? node = Atomic.Load(ref _nodes); node is not null; node = node.Next)
        {
            CacheTicket ticket = node.Ticket;
            bool drained = ticket.State == CacheNodeState.Free;

            // A dead thread's cache is taken over with all that it holds: where threads come and go, it is their successor
            // that wants those blocks, and nobody has to wait for the worker to find them. Requests to flush stay unanswered.
            bool left = ticket.State == CacheNodeState.Live && !node.Life.IsAlive;
            if (!drained && !left)
            {
                continue;
            }

            bool told = TryTellLast(node.Cache);

            // Whoever was told may have called back, and so got this thread a cache, here or elsewhere.
            ThreadCache* own = record.Find(Id);
            if (own != null)
            {
                return own;
            }

            record.MakeRoom();
            if (told && node.TryMove(ticket, ticket.Adopted()))
            {
                node.Life = record.Life;
                node.Use = LastUseSlot<TSource>.Current;
                node.Cache->Owner = OsThread.CurrentId;
                if (node.Cache->Trace != null)
                {
                    CacheTrace.HandOver(node.Cache->Trace, node.Cache->Owner);
                }

                if (drained)
                {
                    node.Cache->FlushEpoch = Atomic.Load(ref _flushEpoch);
                }

                node.Cache->Pins = 0;
                node.Cache->Busy = 0;
                node.Cache->Slow = 0;
                BeginVisited(node.Cache);
                EndVisited(node.Cache);
                node.Become(CacheNodeState.Live);
                record.Add(node);
                if (left)
                {
                    TellThread(attached: false);
                }

                return node.Cache;
            }
        }

        return null;
    }

    private ThreadCache* Create(ThreadRecord record)
    {
        // The managed object first: from here on nothing can throw that would leave memory or its charge behind.
        var node = new CacheNode(this, record.Life, LastUseSlot<TSource>.Current);
        long bytes = (long)ThreadCache.BytesFor(_codes);
        if (FaultPlan.Fails(_options.Faults, FaultPoint.ThreadCache) || !_options.Committed.TryAdd(bytes, quietly: true))
        {
            return null;
        }

        ThreadCache* cache = record.NewCache(_codes);
        if (cache == null)
        {
            _options.Committed.Subtract(bytes);
            return null;
        }

        ThreadCache.Initialize(cache, Id, _codes);
        cache->FlushEpoch = Atomic.Load(ref _flushEpoch);
        node.Cache = cache;
        record.Add(node);
        CacheNode? first = Atomic.Load(ref _nodes);
        while (true)
        {
            node.Next = first;
            CacheNode? now = Atomic.CompareExchange(ref _nodes, node, first);
            if (ReferenceEquals(now, first))
            {
                FollowSession(cache);
                _options.Committed.Tell(bytes);
                return cache;
            }

            first = now;
        }
    }

    /// <summary>Empties a cache that the caller owns: full magazines to the depot or the source, the rest to the source.</summary>
    public abstract void Flush(ThreadCache* cache, bool keepFullInDepot);

    /// <summary>Wakes the worker, if it has gone to sleep.</summary>
    public abstract void ArmWorker();

    /// <summary>No pass of the worker is under way when this returns, and none comes. Idempotent.</summary>
    public abstract void StopWorker();

    /// <summary>Returns all full magazines to the source.</summary>
    /// <returns>How many.</returns>
    private protected abstract long DrainDepots(bool reclaimed);

    /// <summary>The memory of all magazines, when nobody exchanges any more.</summary>
    private protected abstract MagazineStore Store { get; }

    private protected abstract void TellExchanges(CacheTrace* trace, bool discard);

    /// <summary>
    /// Tells of what the owner of a cache that nobody owns now has exchanged, so that a successor may take it over and count as itself.
    /// </summary>
    /// <returns>False when this thread is inside an event, so that it would be lost.</returns>
    private protected abstract bool TryTellLast(ThreadCache* cache);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected static bool IsReal(ThreadCache* cache, nuint* loaded) => loaded != &cache->NoneEmpty;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void ThrowIfClosed()
    {
        if (IsClosed)
        {
            Throw(_options.Name);
        }

        [DoesNotReturn]
        static void Throw(string name) => throw new ObjectDisposedException(name);
    }

    private void TellThread(bool attached)
    {
        MagAllocEventSource log = MagAllocEventSource.Log;
        if (!log.IsEnabled(EventLevel.Informational, MagAllocEventSource.Keywords.Thread))
        {
            return;
        }

        int threads = 0;
        for (CacheNode? node = Atomic.Load(ref _nodes); node is not null; node = node.Next)
        {
            threads += node.Ticket.State == CacheNodeState.Live ? 1 : 0;
        }

        if (attached)
        {
            log.ThreadAttached(Id, threads);
        }
        else
        {
            log.ThreadDetached(Id, threads);
        }
    }

    /// <summary>Makes a cache want what the sessions want at the moment.</summary>
    private protected static void FollowSession(ThreadCache* cache)
    {
        if (!TSource.IsSampled)
        {
            return;
        }

        while (true)
        {
            long mean = MagAllocEventSource.Log.MeanBytes;
            long seen = Atomic.Load(ref cache->SampleMean);
            long wanted = mean != 0 ? mean : seen != 0 ? -1 : 0;
            if (seen != wanted && Atomic.CompareExchange(ref cache->SampleMean, wanted, seen) != seen)
            {
                continue;
            }

            // Dekker between a new cache (published, then reads the mean) and a command (writes the mean, then walks the caches).
            Atomic.Fence();
            if (MagAllocEventSource.Log.MeanBytes == mean)
            {
                return;
            }
        }
    }
}
