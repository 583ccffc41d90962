using System.Runtime.ExceptionServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <content>The end of the engine.</content>
internal abstract unsafe partial class CacheLifetime<TSource>
{
    /// <summary>Ends the engine.</summary>
    /// <remarks>
    /// <para><b>Threads in the middle of an operation are not waited for.</b> Memory that they may look at is zeroed
    /// and stays mapped for them; all else is unmapped here. What a thread may look at, told by its cache:</para>
    /// <list type="bullet">
    /// <item>It is pinned (<see cref="Pin"/>), or in a slow step: everything, until it has left
    /// (<see cref="Unpin"/>).</item>
    /// <item>Else, if this is the cache that it used last of this kind (<see cref="LastUse"/>), it may be in the middle
    /// of a fast path: its magazines, the page map, the block that it has popped (the remains <c>looks</c>). It is
    /// outside when it pins or attaches the next time, or has ended.</item>
    /// <item>Else nothing: a fast path begins with the slot of the last use.</item>
    /// </list>
    /// <para>The flag is raised, every processor passes a fence, and then pins and last uses are read; whoever pins or
    /// attaches writes that, and then reads the flag. <see cref="ThreadCache.EngineId"/> becomes 0 in the caches of all
    /// living threads, so no fast path begins behind this call. The argument: docs/proofs/ends.md.</para>
    /// </remarks>
    /// <param name="discard">Zeroes the owner's memory; called once, before any of it is unmapped.</param>
    /// <param name="bequeath">Adds all the owner's ranges to the remains: what slow steps use, and what a fast path may
    /// look at. Called once.</param>
    /// <param name="drainThreads">True: what living threads' caches hold is brought back first. Needs owners that set
    /// <see cref="ThreadCache.Busy"/> around each operation and read <see cref="IsClosed"/> inside; the call waits for
    /// an operation that is under way, and no thread looks at anything then. What the source throws is thrown on when
    /// all is done.</param>
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
        Store.Discard();
        bequeath?.Invoke(_steps, _looks);
        Store.Bequeath(_steps, _looks);
        _steps.Leave();
        _looks.Leave();
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return true;
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

            if (node.Ticket.State == CacheNodeState.Live)
            {
                // What a visitor has taken from a sleeper is not there.
                Own(node.Cache);
                while (!TryDrain(node.Cache, ref failure))
                {
                }
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
                DrainDepots();
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
