using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>
/// The caches of an engine's threads: a thread gets one at its first operation, or the one of a thread that has ended;
/// a dead thread's is brought home; and the end of the engine, which waits for no thread's operation.
/// </summary>
/// <remarks>
/// A cache is its thread's own. Who keeps the engine's memory mapped meanwhile: a cache that is pinned, one that was
/// used last (<see cref="Close"/>), or a guest, who has no cache here (a statistics reader, the worker, a finalizer).
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

    /// <summary>
    /// Begins a slow operation on this thread's cache: until <see cref="Unpin"/> the owner's memory stays mapped for
    /// it.
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
    private protected static void LetGo() => ThreadRecord.Current.Prune();

    /// <summary>
    /// Keeps the blocks of this engine mapped, not their contents, beyond a <see cref="Close"/>. Followed by
    /// <see cref="ReleaseMapped"/>.
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

    /// <summary>
    /// Asks every thread to bring its magazines home at its next slow step. Idle threads keep theirs.
    /// </summary>
    public void RequestFlush() => Atomic.Add(ref _flushEpoch, 1);

    public bool ReapsOnFinalizer => !TSource.RunsUserCode;

    /// <summary>
    /// Empties a cache that the caller owns: full magazines to the depot or the source, the rest to the source.
    /// </summary>
    public abstract void Flush(ThreadCache* cache, bool keepFullInDepot);

    /// <summary>Wakes the worker, if it has gone to sleep.</summary>
    public abstract void ArmWorker();

    /// <summary>No pass of the worker is under way when this returns, and none comes. Idempotent.</summary>
    public abstract void StopWorker();

    /// <summary>Returns all full magazines to the source, uncounted.</summary>
    private protected abstract void DrainDepots();

    /// <summary>The memory of all magazines, when nobody exchanges any more.</summary>
    private protected abstract MagazineStore Store { get; }

    private protected abstract void TellExchanges(CacheTrace* trace, bool discard);

    /// <summary>
    /// Tells of what the owner of a cache that nobody owns now has exchanged, so that a successor may take it over and
    /// count as itself.
    /// </summary>
    /// <returns>False when this thread is inside an event, so that it would be lost.</returns>
    private protected abstract bool TryTellLast(ThreadCache* cache);

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
}
