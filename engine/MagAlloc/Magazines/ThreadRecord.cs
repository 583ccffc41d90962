using System.Runtime.InteropServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>All caches of one thread, over all engines. Used by its thread; finalized after the thread has ended.</summary>
/// <remarks>
/// <para>.NET has no callback at thread exit. The record is reachable from a thread static only, so the first collection after
/// the thread's end finalizes it; engines also poll <see cref="Thread.IsAlive"/>, because a program that allocates no managed
/// memory never collects. Whoever comes first drains the cache (<see cref="CacheNode"/>).</para>
/// <para>Native memory of caches is recycled within this thread only and freed with it: the thread-static pointers of
/// <see cref="CacheSlot{TSource}"/> may point at any cache this thread ever had, and must stay readable.</para>
/// </remarks>
internal sealed unsafe class ThreadRecord
{
    [ThreadStatic]
    private static ThreadRecord? t_current;

    private readonly List<(CacheNode Node, long Generation)> _nodes = [];
    private readonly List<nint> _spare = [];

    ~ThreadRecord()
    {
        foreach ((CacheNode node, long generation) in _nodes)
        {
            CacheTicket ticket = node.Ticket;
            if (ticket.Generation != generation)
            {
                // Drained before, and another thread's by now.
                continue;
            }

            if (ticket.State == CacheNodeState.Live && node.Owner is { ReapsOnFinalizer: true } owner)
            {
                owner.Reap(node, ticket);
                ticket = node.Ticket;
            }

            // Also if the engine was closed in between: then this is the last look at the node.
            if (ticket.Generation == generation && ticket.State == CacheNodeState.Orphan && node.TryMove(ticket, CacheNodeState.Gone))
            {
                FreeCache(node.Cache);
                node.Leave();
            }
        }

        foreach (nint cache in _spare)
        {
            FreeCache((ThreadCache*)cache);
        }
    }

    public static ThreadRecord Current => t_current ??= new ThreadRecord();

    /// <summary>This thread as its nodes know it; null while it has no record.</summary>
    public static ThreadLife? CurrentLife => t_current?.Life;

    public ThreadLife Life { get; } = new();

    /// <summary>A search has met caches of closed engines, which <see cref="Prune"/> would take out of its way.</summary>
    public bool HasDead { get; private set; }

    public static void FreeCache(ThreadCache* cache)
    {
        CacheTrace.Free(cache);
        NativeMemory.AlignedFree(cache);
    }

    /// <summary>This thread's cache in the engine with the given number, or null.</summary>
    public ThreadCache* Find(long engineId)
    {
        foreach ((CacheNode node, _) in _nodes)
        {
            // A living thread's node does not change hands, so the generation need not be compared.
            CacheNodeState state = node.Ticket.State;
            if (node.EngineId == engineId && state == CacheNodeState.Live)
            {
                return node.Cache;
            }

            HasDead |= state is CacheNodeState.Orphan or CacheNodeState.Gone;
        }

        return null;
    }

    /// <summary>Makes sure that the next <see cref="Add"/> and <see cref="Recycle"/> need no memory, and so cannot fail.</summary>
    public void MakeRoom()
    {
        _nodes.EnsureCapacity(_nodes.Count + 1);
        _spare.EnsureCapacity(_spare.Count + _nodes.Count + 1);
    }

    /// <summary>Remembers a node that has just become this thread's.</summary>
    public void Add(CacheNode node) => _nodes.Add((node, node.Ticket.Generation));

    /// <summary>
    /// Lets go of caches whose engine was disposed. This thread is at the start or the end of a slow operation, so
    /// unless the cache is pinned (a handle, or an operation further up the stack) it is outside the disposed one.
    /// </summary>
    public void Prune()
    {
        HasDead = false;
        for (int i = _nodes.Count - 1; i >= 0; i--)
        {
            CacheNode node = _nodes[i].Node;
            CacheTicket ticket = node.Ticket;
            if (ticket.State == CacheNodeState.Gone)
            {
                _nodes.RemoveAt(i);
                continue;
            }

            // A living thread's cache is freed by nobody else.
            if (node.Cache->Pins != 0 || node.Cache->Slow != 0)
            {
                continue;
            }

            if (ticket.State == CacheNodeState.Live && node.Owner is { IsClosed: true })
            {
                // Before it says so: the fast path must not be taken once more in between.
                Atomic.Store(ref node.Cache->EngineId, 0);
                node.HasLeft = true;
                ticket = node.Ticket;
            }

            if (ticket.State == CacheNodeState.Orphan && node.TryMove(ticket, CacheNodeState.Gone))
            {
                _nodes.RemoveAt(i);
                node.Use.Forget(node.Cache);
                Recycle(node.Cache);
                node.Leave();
            }
        }
    }

    /// <summary>Keeps the memory of a cache that no engine uses any more for this thread's next one.</summary>
    public void Recycle(ThreadCache* cache)
    {
        cache->EngineId = 0;
        CacheTrace.Free(cache);
        _spare.Add((nint)cache);
    }

    /// <summary>Memory for a cache with the given number of codes, or null when there is none.</summary>
    public ThreadCache* NewCache(int codes)
    {
        for (int i = _spare.Count - 1; i >= 0; i--)
        {
            var spare = (ThreadCache*)_spare[i];
            if (spare->Codes == codes)
            {
                _spare.RemoveAt(i);
                return spare;
            }
        }

        try
        {
            return (ThreadCache*)NativeMemory.AlignedAlloc(ThreadCache.BytesFor(codes), ThreadCache.HeaderBytes);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }
}
