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
/// <item><term>Live → Orphan</term><description>the engine was disposed while the owner lives: the cache is the owner's to
/// recycle, and memory that the owner may be looking at stays mapped (<see cref="Remains"/>).</description></item>
/// <item><term>Orphan → Gone</term><description>the owner has been seen outside the engine, or is dead.</description></item>
/// <item><term>Live, Free → Gone</term><description>the engine was disposed; nobody can be using the cache.</description></item>
/// </list>
/// <para><b>What a node keeps alive.</b> Its thread: nothing (<see cref="ThreadLife"/>). Its engine, while that is open. A closed
/// engine lets go of its nodes (<see cref="Forget"/>) and they of it, because an idle thread keeps its nodes as long as it lives.</para>
/// <para><b>Remains.</b> The closer enters the node into both before it says Orphan. It takes the node out again, where it can
/// show that the owner does not look; the owner does it when it has left, and whoever moves the node to Gone: each takes a field by an
/// exchange, so each remains is left once. The owner that leaves while the node is still Live says so by <see cref="HasLeft"/>,
/// and then looks at the state; the closer sets the state, and then looks at that: one of the two sees the other.</para>
/// </remarks>
internal sealed unsafe class CacheNode(ICacheOwner owner, ThreadLife life, LastUse use)
{
    private long _word = default(CacheTicket).In(CacheNodeState.Live).Word;
    private Remains? _steps;
    private Remains? _looks;
    private int _hasLeft;
    private long _tops;
    private int _idleLooks;

    /// <summary>Null once the engine is closed.</summary>
    public ICacheOwner? Owner { get; private set; } = owner;

    /// <summary>Number of the engine.</summary>
    public long EngineId { get; } = owner.Id;

    /// <summary>Set before the node is published, and not changed after.</summary>
    public ThreadCache* Cache { get; set; }

    /// <summary>The owning thread. Written by the adopter only, before it publishes the state; read after the ticket.</summary>
    public ThreadLife Life { get; set; } = life;

    /// <summary>What the owning thread used last. As <see cref="Life"/>.</summary>
    public LastUse Use { get; set; } = use;

    /// <summary>The visitor of this pass has parked the cache (<see cref="MagazineEngine{TSource}"/>, Sleepers). Of the visitor.</summary>
    public bool IsParked { get; set; }

    /// <summary>The node added before this one.</summary>
    public CacheNode? Next { get; set; }

    /// <summary>Said by the owner, when it is outside the closed engine for good. A full fence.</summary>
    public bool HasLeft
    {
        get => Atomic.Load(ref _hasLeft) != 0;
        set => Atomic.Exchange(ref _hasLeft, value ? 1 : 0);
    }

    /// <summary>State and generation now.</summary>
    public CacheTicket Ticket => new(Atomic.Load(ref _word));

    public bool TryMove(CacheTicket seen, CacheTicket to) => Atomic.CompareExchange(ref _word, to.Word, seen.Word) == seen.Word;

    public bool TryMove(CacheTicket seen, CacheNodeState to) => TryMove(seen, seen.In(to));

    /// <summary>Ends a state that the caller owns.</summary>
    public void Become(CacheNodeState state) => Atomic.Store(ref _word, Ticket.In(state).Word);

    /// <summary>Keeps what is left of the engine mapped for the owner. By the closer, before the node is an orphan.</summary>
    /// <param name="steps">What slow steps use.</param>
    /// <param name="looks">What a fast path may look at.</param>
    public void Hold(Remains steps, Remains looks)
    {
        steps.Enter();
        looks.Enter();
        _steps = steps;
        _looks = looks;
    }

    /// <summary>The owner is in no slow step.</summary>
    public void LeaveSteps() => Atomic.Exchange(ref _steps, null)?.Leave();

    /// <summary>The owner is outside.</summary>
    public void Leave()
    {
        LeaveSteps();
        Atomic.Exchange(ref _looks, null)?.Leave();
    }

    /// <summary>For how many looks in a row the tops have stood where they stand now. Of the visitor.</summary>
    public int CountIdle(long tops)
    {
        _idleLooks = tops == _tops ? _idleLooks + 1 : 0;
        _tops = tops;
        return _idleLooks;
    }

    /// <summary>By the closer, when it has dealt with the node.</summary>
    public void Forget()
    {
        Owner = null;
        Next = null;
    }
}
