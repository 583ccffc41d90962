using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>Ties a thread, its cache and the engine together; an engine's nodes form a list that only grows.</summary>
/// <remarks>
/// <para><b>States.</b> Every transition is one compare-and-swap on state and generation together, so exactly one party acts
/// on it. A node is handed on from thread to thread; the generation moves with each, so that a party that looked at the
/// node of a dead thread (its record's finalizer, a poll of <see cref="Thread.IsAlive"/>) cannot act on the node of
/// the living one that took it over: that is the ABA of this structure.</para>
/// <list type="table">
/// <item><term>Free → Adopting → Live</term><description>a new thread takes over the empty cache of a dead one.</description></item>
/// <item><term>Live → Adopting → Live</term><description>the owner's thread has ended and nobody has drained its cache: a new
/// thread takes it over with what it holds. That the thread has ended orders all it wrote before the adopter's reads.</description></item>
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
    private long _word;

    public CacheNode(ICacheOwner owner, Thread thread)
    {
        Owner = owner;
        Thread = thread;
        _word = default(CacheTicket).In(CacheNodeState.Live).Word;
    }

    public ICacheOwner Owner { get; }

    /// <summary>Set before the node is published, and not changed after.</summary>
    public ThreadCache* Cache { get; set; }

    /// <summary>The owning thread. Written by the adopter only, before it publishes the state; read after the ticket.</summary>
    public Thread Thread { get; set; }

    /// <summary>The node added before this one.</summary>
    public CacheNode? Next { get; set; }

    /// <summary>State and generation now.</summary>
    public CacheTicket Ticket => new(Atomic.Load(ref _word));

    public bool TryMove(CacheTicket seen, CacheTicket to) => Atomic.CompareExchange(ref _word, to.Word, seen.Word) == seen.Word;

    public bool TryMove(CacheTicket seen, CacheNodeState to) => TryMove(seen, seen.In(to));

    /// <summary>Ends a state that the caller owns.</summary>
    public void Become(CacheNodeState state) => Atomic.Store(ref _word, Ticket.In(state).Word);
}
