using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>Ties a thread, its cache and the engine together; an engine's nodes form a list that only grows.</summary>
/// <remarks>
/// <para><b>States.</b> Every transition is one compare-and-swap, so exactly one party acts on it.</para>
/// <list type="table">
/// <item><term>Free → Adopting → Live</term><description>a new thread takes over the empty cache of a dead one.</description></item>
/// <item><term>Live → Draining → Free</term><description>the owner is dead (its thread has ended, or its record was
/// finalized); the winner owns the cache meanwhile and returns what it holds.</description></item>
/// <item><term>Live → Orphan</term><description>the engine was disposed while the owner lives: memory that the owner may be
/// looking at stays mapped.</description></item>
/// <item><term>Orphan → Gone</term><description>the owner has been seen outside the engine, or is dead.</description></item>
/// <item><term>Live, Free → Gone</term><description>the engine was disposed; nobody can be using the cache.</description></item>
/// </list>
/// </remarks>
internal sealed unsafe class CacheNode
{
    private int _state;

    public CacheNode(ICacheOwner owner, ThreadCache* cache, Thread thread)
    {
        Owner = owner;
        Cache = cache;
        Thread = thread;
        _state = (int)CacheNodeState.Live;
    }

    public ICacheOwner Owner { get; }

    public ThreadCache* Cache { get; set; }

    /// <summary>The owning thread. Written by the adopter only, before it publishes the state.</summary>
    public Thread Thread { get; set; }

    /// <summary>The node added before this one.</summary>
    public CacheNode? Next { get; set; }

    public CacheNodeState State => (CacheNodeState)Atomic.Load(ref _state);

    public bool TryMove(CacheNodeState from, CacheNodeState to)
        => Atomic.CompareExchange(ref _state, (int)to, (int)from) == (int)from;

    /// <summary>Ends a state that the caller owns.</summary>
    public void Become(CacheNodeState state) => Atomic.Store(ref _state, (int)state);
}
