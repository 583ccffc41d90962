using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using MagAlloc.Concurrency;
using MagAlloc.Platform;

namespace MagAlloc.Magazines;

/// <content>Birth and death of thread caches, and the end of the engine.</content>
internal sealed unsafe partial class MagazineEngine<TSource>
{
    private readonly Remains _looks = new();
    private readonly Remains _steps;
    private CacheNode? _nodes;
    private long _guests;

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

    /// <summary>
    /// Begins a slow operation on this thread's cache: until <see cref="Unpin"/> the owner's memory stays mapped for it.
    /// </summary>
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
    private static void LetGo() => ThreadRecord.Current.Prune();

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

    /// <summary>Ends the engine.</summary>
    /// <remarks>
    /// <para><b>Threads in the middle of an operation are not waited for.</b> Memory that they may look at is zeroed and stays mapped
    /// for them; all else is unmapped here. What a thread may look at, told by its cache:</para>
    /// <list type="bullet">
    /// <item>It is pinned (<see cref="Pin"/>), or in a slow step: everything, until it has left. It says so itself
    /// (<see cref="Unpin"/>), or by the pin of a handle that it ends later.</item>
    /// <item>Else, if this is the cache that it used last of this kind (<see cref="LastUse"/>), it may be in the middle of a fast path: its magazines, the
    /// page map, the block that it has popped (the remains <c>looks</c>). It is outside when it pins or attaches the next time, or has ended.</item>
    /// <item>Else nothing: a fast path begins with the slot of the last use.</item>
    /// </list>
    /// <para><b>Why that is all.</b> The flag is raised, every processor passes a fence, and then pins and last uses are read. Whoever
    /// pins or attaches writes that, and then reads the flag: so this call sees it, or that thread sees the flag and turns back. Nor does a thread begin
    /// another fast path: <see cref="ThreadCache.EngineId"/> becomes 0 here, in the caches of all living threads, and every operation that
    /// begins after this call has returned is refused. (A handle compares no number. It is pinned, finds zeroes in its magazines, and reads the flag in each slow step.)
    /// That store meets the cache of this engine and not of a later one, because a cache is recycled when its node is an orphan, which it
    /// becomes behind the store. Where owners write the word themselves (<see cref="Visit"/>), they read the flag behind it; so only the number is
    /// replaced: what a visitor has taken its owner must find taken, or it would bring it home once more.</para>
    /// <para>The swaps of magazines, which pin nothing, compare the request to flush; one is made here.</para>
    /// </remarks>
    /// <param name="discard">Zeroes the owner's memory; called once, before any of it is unmapped.</param>
    /// <param name="bequeath">Adds all the owner's ranges to the remains: what slow steps use, and what a fast path may look at. Called once.</param>
    /// <param name="drainThreads">
    /// True: what living threads' caches hold is brought back first. Needs owners that set <see cref="ThreadCache.Busy"/>
    /// around each operation and read <see cref="IsClosed"/> inside; the call waits for an operation that is under way, and no thread looks
    /// at anything then. What the source throws is thrown on when all is done.
    /// </param>
    /// <returns>False when the engine was closed already.</returns>
    public bool Close(Action? discard, Action<Remains, Remains>? bequeath, bool drainThreads)
    {
        if (Atomic.Exchange(ref _closed, 1) != 0)
        {
            return false;
        }

        using Uninterrupted.Scope quiet = Uninterrupted.Begin();
        RequestFlush();
        StopWorker();
        var spin = default(SpinWait);
        while (Atomic.Load(ref _guests) != 0)
        {
            Uninterrupted.SpinOnce(ref spin);
        }

        Atomic.ProcessWideFence();
        Exception? failure = drainThreads ? DrainEverything() : null;
        CacheNode? next;
        for (CacheNode? node = Atomic.Exchange(ref _nodes, null); node is not null; node = next)
        {
            next = node.Next;
            CloseNode(node, drained: drainThreads);
            node.Forget();
        }

        discard?.Invoke();
        _store.Discard();
        bequeath?.Invoke(_steps, _looks);
        _store.Bequeath(_steps, _looks);
        _steps.Leave();
        _looks.Leave();
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

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

    private void CloseNode(CacheNode node, bool drained)
    {
        // Other parties may be moving the node (a dead thread is being drained); each of their states is short.
        var spin = default(SpinWait);
        while (!TryCloseNode(node, drained))
        {
            Uninterrupted.SpinOnce(ref spin);
        }
    }

    private bool TryCloseNode(CacheNode node, bool drained)
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
                ThreadCache* cache = node.Cache;
                bool isPinned = Atomic.Load(ref cache->Pins) != 0 || Atomic.Load(ref cache->Slow) != 0;
                if (!isPinned && node.Life.IsCurrent)
                {
                    if (!node.TryMove(ticket, CacheNodeState.Gone))
                    {
                        return false;
                    }

                    node.Use.Forget(cache);
                    ThreadRecord.Current.Recycle(cache);
                    return true;
                }

                // Not over what a visitor has taken, nor over a slow step: their owner comes by the flag before it writes the number again.
                Atomic.CompareExchange(ref cache->EngineId, 0, Id);
                if (!drained)
                {
                    node.Hold(_steps, _looks);
                }

                if (!node.TryMove(ticket, CacheNodeState.Orphan))
                {
                    node.Leave();
                    return false;
                }

                // From here on the cache is not ours to read.
                if (!node.Life.IsAlive && node.TryMove(ticket.In(CacheNodeState.Orphan), CacheNodeState.Gone))
                {
                    ThreadRecord.FreeCache(cache);
                    node.Leave();
                }
                else if (node.HasLeft || (!isPinned && !node.Use.Is(cache)))
                {
                    node.Leave();
                }
                else if (!isPinned)
                {
                    node.LeaveSteps();
                }

                return true;

            default:
                return ticket.State is CacheNodeState.Orphan or CacheNodeState.Gone;
        }
    }

    /// <returns>The first exception that the source threw, or null.</returns>
    private Exception? DrainEverything()
    {
        // The light side is a plain store of Busy followed by a plain load of the closed flag; its heavy side was passed.
        Exception? failure = null;
        for (CacheNode? node = Atomic.Load(ref _nodes); node is not null; node = node.Next)
        {
            var spin = default(SpinWait);
            while (Atomic.Load(ref node.Cache->Busy) != 0 && node.Life.IsAlive && !node.Life.IsCurrent)
            {
                Uninterrupted.SpinOnce(ref spin);
            }

            while (node.Ticket.State == CacheNodeState.Live && !TryDrain(node.Cache, ref failure))
            {
            }
        }

        while (!TryDrain(null, ref failure))
        {
        }

        return failure;
    }

    /// <param name="cache">A cache; null: the depots.</param>
    /// <param name="failure">The first exception.</param>
    /// <returns>False when the source threw: there is more to do, but a magazine less each time.</returns>
    private bool TryDrain(ThreadCache* cache, ref Exception? failure)
    {
        try
        {
            if (cache != null)
            {
                Flush(cache, keepFullInDepot: false);
            }
            else
            {
                DrainDepots(reclaimed: false);
            }

            return true;
        }
#pragma warning disable CA1031 // A user's source. The disposal goes on, and throws it in the end.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure ??= e;
            return false;
        }
    }
}
