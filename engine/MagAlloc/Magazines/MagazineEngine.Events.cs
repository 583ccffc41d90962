using System.Diagnostics.Tracing;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;
using MagAlloc.Events;

namespace MagAlloc.Magazines;

/// <content>What is told of exchanges, threads and passes while somebody listens.</content>
/// <remarks>
/// An exchange is counted in the thread's own words (<see cref="ClassTrace"/>), and told with the others of its class once a beat
/// of the clock, by the thread itself at its next exchange: one event for many, because each costs a walk of the stack. A thread that
/// does not come by is told of by the clock, a dead one by whoever drains its cache or takes it over, all at an owner's end: so nothing is
/// left out. Whoever tells, the event names the thread whose cache exchanged; what is brought home of a dead thread's cache is the dead one's.
/// </remarks>
internal unsafe partial class MagazineEngine<TSource>
{
    /// <summary>Tells of exchanges that nobody has been told of.</summary>
    /// <param name="beforeBeat">Only of threads whose last exchange was before this beat.</param>
    /// <param name="discard">Forgets them instead.</param>
    public void ReportExchanges(int beforeBeat, bool discard)
    {
        if (!TryEnter())
        {
            return;
        }

        try
        {
            for (CacheNode? node = Atomic.Load(ref _nodes); node is not null; node = node.Next)
            {
                CacheTrace* trace = node.Ticket.State is CacheNodeState.Orphan or CacheNodeState.Gone ? null : CacheTrace.Look(node.Cache);
                if (trace != null && (discard || Atomic.Load(ref trace->Beat) - beforeBeat < 0))
                {
                    TellExchanges(trace, discard);
                }
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Counts a magazine that this thread took out of a depot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private protected void CountFromDepot(ThreadCache* cache, int code)
    {
        cache->DepotExchanges++;
        cache->DepotHits++;
        if (MagAllocEventSource.Log.IsEnabled(EventLevel.Informational, MagAllocEventSource.Keywords.Exchange))
        {
            NoteExchange(cache, code, fromDepot: true);
        }
    }

    /// <summary>Counts a magazine that this thread brought to a depot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CountToDepot(ThreadCache* cache, int code)
    {
        cache->DepotExchanges++;
        if (MagAllocEventSource.Log.IsEnabled(EventLevel.Informational, MagAllocEventSource.Keywords.Exchange))
        {
            NoteExchange(cache, code, fromDepot: false);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void NoteExchange(ThreadCache* cache, int code, bool fromDepot)
    {
        MagAllocEventSource log = MagAllocEventSource.Log;
        int beat = log.Beat;
        CacheTrace* trace = CacheTrace.Of(cache, beat);
        if (trace == null)
        {
            Tell(code, fromDepot ? 1 : 0, fromDepot ? 0 : 1, cache->Owner);
            return;
        }

        ClassTrace* one = CacheTrace.Class(trace, code);
        if (fromDepot)
        {
            Atomic.Store(ref one->FromDepot, unchecked(one->FromDepot + 1));
        }
        else
        {
            Atomic.Store(ref one->ToDepot, unchecked(one->ToDepot + 1));
        }

        if (trace->Beat != beat)
        {
            Atomic.Store(ref trace->Beat, beat);
            TellExchanges(trace, discard: false);
        }
    }

    private protected override void TellExchanges(CacheTrace* trace, bool discard)
    {
        // Nobody would be told of an event inside an event, so what is waiting goes on waiting.
        if (EventGuard.t_depth != 0)
        {
            return;
        }

        for (int code = 1; code < trace->Codes; code++)
        {
            ClassTrace* one = CacheTrace.Class(trace, code);
            int fromDepot = one->TakeFromDepot(out uint taker);
            int toDepot = one->TakeToDepot(out uint bringer);
            if (discard || (fromDepot | toDepot) == 0)
            {
                continue;
            }

            if (taker == bringer)
            {
                Tell(code, fromDepot, toDepot, taker);
                continue;
            }

            // The cache has changed hands in between.
            if (fromDepot != 0)
            {
                Tell(code, fromDepot, 0, taker);
            }

            if (toDepot != 0)
            {
                Tell(code, 0, toDepot, bringer);
            }
        }
    }

    private protected override bool TryTellLast(ThreadCache* cache)
    {
        CacheTrace* trace = CacheTrace.Look(cache);
        if (trace == null || !CacheTrace.HasUntold(trace))
        {
            return true;
        }

        bool listened = MagAllocEventSource.Log.IsEnabled(EventLevel.Informational, MagAllocEventSource.Keywords.Exchange);
        TellExchanges(trace, discard: !listened);
        return !CacheTrace.HasUntold(trace);
    }

    private void Tell(int code, int fromDepot, int toDepot, uint thread)
        => MagAllocEventSource.Log.MagazineExchanged(Id, code, fromDepot, toDepot, _depots[code].Count, thread);

    /// <summary>An allocation that the caller will be refused.</summary>
    public void TellOutOfMemory(long bytes)
    {
        MagAllocEventSource log = MagAllocEventSource.Log;
        if (log.IsEnabled(EventLevel.Warning, MagAllocEventSource.Keywords.Memory))
        {
            log.OutOfMemory(Id, bytes);
        }
    }

    /// <summary>Unused memory was given back because somebody asked for it.</summary>
    public void TellTrimmed(long bytes)
    {
        MagAllocEventSource log = MagAllocEventSource.Log;
        if (log.IsEnabled(EventLevel.Informational, MagAllocEventSource.Keywords.Reclaim))
        {
            log.Trimmed(Id, bytes);
        }
    }

    /// <summary>A pass begins on this thread.</summary>
    public void TellReclaimStart()
    {
        MagAllocEventSource log = MagAllocEventSource.Log;
        if (log.IsEnabled(EventLevel.Informational, MagAllocEventSource.Keywords.Reclaim))
        {
            log.ReclaimStart(Id);
        }
    }

    /// <summary>The pass that this thread began ends.</summary>
    public void TellReclaimStop(long magazines, long bytes)
    {
        MagAllocEventSource log = MagAllocEventSource.Log;
        if (log.IsEnabled(EventLevel.Informational, MagAllocEventSource.Keywords.Reclaim))
        {
            log.ReclaimStop(Id, magazines, bytes);
        }
    }
}
