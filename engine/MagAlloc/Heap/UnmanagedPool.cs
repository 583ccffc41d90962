using System.Runtime.CompilerServices;
using MagAlloc.Events;
using MagAlloc.Magazines;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <summary>An object cache for one unmanaged type: blocks of exactly its size, through per-thread magazines.</summary>
/// <remarks>
/// <para>With a constructor, items are handed out in constructed state: it runs once on each block, when the block first
/// leaves its slab, and again only after the block's page or its whole slab was given up because nobody used it. An item is
/// returned in the state that the next user shall find (Bonwick, USENIX 1994; a slab's <c>ctor</c> in Linux).</para>
/// <para>All members may be called from any thread at any time; an item may be returned by another thread than its renter.
/// Items are aligned to 8 bytes, to 16 when their size, rounded up to 8, is a multiple of 16.</para>
/// </remarks>
/// <typeparam name="T">Up to 1 MiB.</typeparam>
public sealed unsafe class UnmanagedPool<T> : IDisposable
    where T : unmanaged
{
    private const int Code = 1;
    private const int SmallestBlock = 16;
    private const int SmallestSlab = 8;
    private const long DefaultReservedBytes = 16L << 30;

    private readonly BlockCore<PoolSource<T>> _core;
    private readonly long _id;
    private readonly nuint _arenaBase;
    private readonly nuint _arenaBytes;

    /// <summary>Makes a pool.</summary>
    /// <param name="options">Null: defaults.</param>
    /// <param name="constructor">Brings a block into constructed state; null: contents are undefined.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range; the message names it and the range.</exception>
    /// <exception cref="NotSupportedException"><typeparamref name="T"/> is larger than 1 MiB.</exception>
    /// <exception cref="OutOfMemoryException">Address space, memory or a thread was refused; nothing is left behind.</exception>
    public UnmanagedPool(UnmanagedPoolOptions? options = null, UnmanagedConstructor<T>? constructor = null)
    {
        NativeHeapOptions checkedOptions = (options ?? new UnmanagedPoolOptions()).ToHeapOptions();
        checkedOptions.Validate();
        if (sizeof(T) > SizeClasses.LargestBlock)
        {
            throw new NotSupportedException($"{typeof(T)} has {sizeof(T)} bytes; a pool's items may have up to {SizeClasses.LargestBlock}.");
        }

        int blockBytes = Math.Max(SmallestBlock, (sizeof(T) + 7) & ~7);
        _core = new BlockCore<PoolSource<T>>(
            OwnerKind.Pool,
            checkedOptions,
            DefaultReservedBytes,
            [new SlabClass(blockBytes, SmallestSlab)],
            withMarks: constructor is not null,
            constructor is null ? null : new PoolInitializer<T>(constructor),
            slabs => new PoolSource<T>(slabs));
        _id = _core.Engine.Id;
        _arenaBase = (nuint)_core.Arena.Base;
        _arenaBytes = _core.Arena.Bytes;
        try
        {
            _core.Announce();
        }
        catch
        {
            _core.Close();
            throw;
        }
    }

    /// <summary>Takes an item.</summary>
    /// <returns>Room for one <typeparamref name="T"/>, constructed if the pool has a constructor.</returns>
    /// <exception cref="OutOfMemoryException">There is no memory, even after caches were flushed.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public T* Rent()
    {
        ThreadCache* cache = CacheSlot<PoolSource<T>>.t_last;
        if (cache != null && cache->EngineId == _id && ThreadCache.TryPop(cache, Code, out nuint block))
        {
            return (T*)block;
        }

        return RentSlow();
    }

    /// <summary>Takes an item if there is memory.</summary>
    /// <param name="item">The item, or null.</param>
    /// <returns>False when there is no memory, even after caches were flushed.</returns>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public bool TryRent(out T* item)
    {
        item = (T*)_core.AllocateWithRetry(Code);
        return item != null;
    }

    /// <summary>Returns an item. Null does nothing. A second return of one item is reported when it reaches its slab.</summary>
    /// <param name="item">An item of this pool, or null.</param>
    /// <exception cref="HeapMisuseException">The pointer lies outside the pool.</exception>
    /// <exception cref="ObjectDisposedException">The pool is disposed.</exception>
    public void Return(T* item)
    {
        ThreadCache* cache = CacheSlot<PoolSource<T>>.t_last;
        if (cache != null && cache->EngineId == _id && (nuint)item - _arenaBase < _arenaBytes
            && ThreadCache.TryPush(cache, Code, (nuint)item))
        {
            return;
        }

        ReturnSlow(item);
    }

    /// <inheritdoc cref="NativeHeap.MisuseDetected"/>
    public event Action<MisuseReport>? MisuseDetected
    {
        add => _core.Misuses.Detected += value;
        remove => _core.Misuses.Detected -= value;
    }

    /// <inheritdoc cref="NativeHeap.Trim"/>
    public long Trim()
    {
        using Guest inside = _core.Engine.AsGuest();
        return _core.Trim();
    }

    /// <inheritdoc cref="NativeHeap.Tick"/>
    public bool Tick()
    {
        using Guest inside = _core.Engine.AsGuest();
        return _core.Tick() == ReclaimOutlook.Pending;
    }

    /// <inheritdoc cref="NativeHeap.GetStatistics"/>
    public HeapStatistics GetStatistics() => _core.GetStatistics();

    /// <inheritdoc cref="NativeHeap.GetSizeClassStatistics"/>
    public IReadOnlyList<SizeClassStatistics> GetSizeClassStatistics() => _core.GetSizeClassStatistics();

    /// <summary>Returns all memory to the operating system; items still rented become invalid. As <see cref="NativeHeap.Dispose"/>.</summary>
    /// <exception cref="InvalidOperationException">
    /// A handler of <see cref="MisuseDetected"/>, an event listener or the pool's constructor for items calls.
    /// </exception>
    public void Dispose()
    {
        MisuseListeners.RequireNotReporting();
        UserCall.RequireOutside(_core.Id, $"{_core.Name}: a constructor must not dispose the pool that is calling it: do it after the call.");
        _core.Close();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private T* RentSlow()
    {
        nuint block = _core.AllocateWithRetry(Code);
        if (block == 0)
        {
            throw _core.OutOfMemory($"an item of {sizeof(T)} bytes");
        }

        return (T*)block;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ReturnSlow(T* item)
    {
        if (item == null)
        {
            return;
        }

        ThreadCache* cache = _core.Protect();
        try
        {
            if (!_core.Slabs.TryLocate((nuint)item, out _, out _, out _, out nuint offset) || offset != 0)
            {
                // A disposal meanwhile has zeroed the map that says whose memory it is.
                ObjectDisposedException.ThrowIf(_core.Engine.IsClosed, this);
                throw _core.Misuses.Refuse(
                    offset != 0 ? MisuseKind.MisalignedPointer
                        : _core.WasReturned((nuint)item) ? MisuseKind.DoubleFree : MisuseKind.ForeignPointer,
                    (nuint)item);
            }

            _core.FreeBlock(cache, Code, (nuint)item);
        }
        finally
        {
            _core.Unprotect(cache);
        }
    }
}
