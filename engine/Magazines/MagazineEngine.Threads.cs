using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Platform;

namespace MagAlloc.Magazines;

/// <content>Birth and death of thread caches, and the end of the engine.</content>
internal sealed unsafe partial class MagazineEngine<TSource>
{
    private CacheNode? _nodes;
    private long _guests;
    private long _readers;
    private Action? _release;

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
            ThrowIfClosed();
        }
    }

    /// <inheritdoc/>
    public bool ReapsOnFinalizer => !TSource.RunsUserCode;

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public void ForgetReader()
    {
        if (Atomic.Add(ref _readers, -1) == 0)
        {
            ReleaseMemory();
        }
    }

    /// <summary>
    /// Ends the engine. Threads in the middle of an operation are not waited for: memory they may look at is zeroed but
    /// stays mapped until each of them has been seen elsewhere or has ended.
    /// </summary>
    /// <param name="discard">Zeroes the owner's memory; called once, before any of it is unmapped.</param>
    /// <param name="release">Unmaps the owner's memory; called once, when the last reader is gone.</param>
    /// <param name="drainThreads">
    /// True: what living threads' caches hold is brought back first. Needs owners that set <see cref="ThreadCache.Busy"/>
    /// around each operation and read <see cref="IsClosed"/> inside; the call waits for an operation that is under way.
    /// </param>
    /// <returns>False when the engine was closed already.</returns>
    public bool Close(Action? discard, Action? release, bool drainThreads)
    {
        if (Atomic.Exchange(ref _closed, 1) != 0)
        {
            return false;
        }

        StopWorker();
        var spin = default(SpinWait);
        while (Atomic.Load(ref _guests) != 0)
        {
            spin.SpinOnce();
        }

        _release = release;
        if (drainThreads)
        {
            DrainEverything();
        }

        // Held by this call itself, so that a thread that dies meanwhile cannot release the memory under it.
        Atomic.Store(ref _readers, 1);
        for (CacheNode? node = Atomic.Load(ref _nodes); node is not null; node = node.Next)
        {
            CloseNode(node);
        }

        discard?.Invoke();
        _store.Discard();
        ForgetReader();
        return true;
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

            if (node.Thread.IsAlive)
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
            bool left = ticket.State == CacheNodeState.Live && !node.Thread.IsAlive;
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
                node.Thread = Thread.CurrentThread;
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
        var node = new CacheNode(this, Thread.CurrentThread);
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

    private void CloseNode(CacheNode node)
    {
        // Other parties may be moving the node (a dead thread is being drained); each of their states is short.
        var spin = default(SpinWait);
        while (!TryCloseNode(node))
        {
            spin.SpinOnce();
        }
    }

    private bool TryCloseNode(CacheNode node)
    {
        CacheTicket ticket = node.Ticket;
        switch (ticket.State)
        {
            case CacheNodeState.Free:
                if (!node.TryMove(ticket, CacheNodeState.Gone))
                {
                    return false;
                }

                ThreadRecord.FreeCache(node.Cache);
                return true;

            case CacheNodeState.Live:
                if (ReferenceEquals(node.Thread, Thread.CurrentThread) && node.Cache->Pins == 0 && node.Cache->Slow == 0)
                {
                    if (!node.TryMove(ticket, CacheNodeState.Gone))
                    {
                        return false;
                    }

                    ThreadRecord.Current.Recycle(node.Cache);
                    return true;
                }

                // Counted first: the owner may see the new state, and leave, at once.
                Atomic.Increment(ref _readers);
                if (!node.TryMove(ticket, CacheNodeState.Orphan))
                {
                    Atomic.Add(ref _readers, -1);
                    return false;
                }

                ReleaseIfOwnerIsDead(node, ticket.In(CacheNodeState.Orphan));
                return true;

            default:
                return ticket.State is CacheNodeState.Orphan or CacheNodeState.Gone;
        }
    }

    private void ReleaseIfOwnerIsDead(CacheNode node, CacheTicket orphan)
    {
        if (!node.Thread.IsAlive && node.TryMove(orphan, CacheNodeState.Gone))
        {
            ThreadRecord.FreeCache(node.Cache);
            ForgetReader();
        }
    }

    private void DrainEverything()
    {
        // The light side is a plain store of Busy followed by a plain load of the closed flag; this is its heavy side.
        Atomic.ProcessWideFence();
        for (CacheNode? node = Atomic.Load(ref _nodes); node is not null; node = node.Next)
        {
            var spin = default(SpinWait);
            while (Atomic.Load(ref node.Cache->Busy) != 0 && node.Thread.IsAlive && !ReferenceEquals(node.Thread, Thread.CurrentThread))
            {
                spin.SpinOnce();
            }

            if (node.Ticket.State == CacheNodeState.Live)
            {
                Flush(node.Cache, keepFullInDepot: false);
            }
        }

        DrainDepots(reclaimed: false);
    }

    private void ReleaseMemory()
    {
        _store.Release();
        _release?.Invoke();
    }
}
