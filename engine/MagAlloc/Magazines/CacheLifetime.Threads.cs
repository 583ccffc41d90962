using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Platform;

namespace MagAlloc.Magazines;

/// <content>Birth and death of thread caches.</content>
internal abstract unsafe partial class CacheLifetime<TSource>
{
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
                    Own(node.Cache);
                    Flush(node.Cache, keepFullInDepot: true);
                    if (node.Cache->Trace != null)
                    {
                        TellExchanges(node.Cache->Trace, discard: false);
                    }
                }
                finally
                {
                    LetIn(node.Cache);
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
            if (!TSource.IsVisited && Atomic.Load(ref cache->EngineId) != Id)
            {
                WakeUp(cache);
            }

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
                // Behind all else: whoever is told may call back, and must find this cache; and may wait, and must not find it emptied.
                Atomic.Store(ref cache->Pins, cache->Pins + 1);
                TellThread(attached: true);
                Unpin(cache);
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
                Own(node.Cache);
                LetIn(node.Cache);
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
                if (TSource.IsSampled)
                {
                    SampleRate.Follow(cache);
                }

                _options.Committed.Tell(bytes);
                return cache;
            }

            first = now;
        }
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
}
