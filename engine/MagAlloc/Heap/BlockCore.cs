using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Magazines;
using MagAlloc.Platform;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <summary>Arena, slabs and magazines put together: what heaps and pools have in common; without fast path and checks.</summary>
/// <remarks>
/// Construction is a sequence of fallible steps. Every field is null before the first of them and <see cref="Close"/>
/// accepts what was never built, so a failure at any step runs the same code as a full disposal.
/// </remarks>
/// <typeparam name="TSource">The slabs as a source of magazines.</typeparam>
internal unsafe partial class BlockCore<TSource> : IEventOwner
    where TSource : struct, IMagazineSource
{
    private const long BytesPerMagazine = 256 * 1024;
    private const int FewestMagazines = 4096;
    private const int MostMagazines = 1 << 20;

    // Of a small arena magazines must not take more addresses than a quarter of its own.
    private const long FewestBytesPerMagazine = 4 * Magazine.Bytes;

    // Passes that free pages must have lain untouched before they go back, beside the one they were freed in: half a second, at the default
    // interval. Programs breathe; a page given up between two breaths costs two system calls and a fault.
    private const int PurgeAge = 4;

    // What a pass brings home out of magazines has lain there for two intervals and the one in which it was freed.
    private const int PassesInMagazines = 3;

    private readonly FaultPlan? _faults;
    private readonly bool _isLimitOfContainer;
    private long _flushes;

    /// <param name="kind">A value of <see cref="OwnerKind"/>.</param>
    /// <param name="options">Validated.</param>
    /// <param name="defaultBytes">Address space to reserve where the options leave it open and the system grants it.</param>
    /// <param name="classes">Class i has code i + 1.</param>
    /// <param name="withMarks">Keep a second bitmap for each slab.</param>
    /// <param name="initializer">Prepares blocks, using the marks; or null.</param>
    /// <param name="makeSource">Makes the source from the slabs.</param>
    /// <exception cref="OutOfMemoryException">A step failed; nothing is left behind.</exception>
    public BlockCore(
        string kind,
        NativeHeapOptions options,
        long defaultBytes,
        SlabClass[] classes,
        bool withMarks,
        IBlockInitializer? initializer,
        Func<SlabSpace, TSource> makeSource)
    {
        Name = options.Name;
        Kind = kind;
        Id = EngineIds.Next();
        _faults = options.Faults;
        _faults?.Observe(FaultEvents.Tell);
        Misuses = new HeapMisuseLog(options.Name, Id);
        long limit = options.EffectiveByteLimit();
        _isLimitOfContainer = limit != options.ByteLimit;
        Committed = new CommitCounter(Id, limit, options.Budget);
        try
        {
            nuint bytes = RoundUp((nuint)(options.ReservedBytes != 0 ? options.ReservedBytes : defaultBytes));
            for (bool isBuilt = false; !isBuilt;)
            {
                long injected = InjectedFaults;
                try
                {
                    Arena = new Arena(bytes, Committed, withMarks, options.Faults) { Owner = Id };
                    Slabs = new SlabSpace(Arena, classes, Misuses, initializer, options.Faults);
                    Engine = new MagazineEngine<TSource>(makeSource(Slabs), new EngineOptions(
                        options.Name,
                        [.. classes.Select(slab => MagazineClassOf(slab, constructed: initializer is not null))],
                        PageMap.ExtraCodes,
                        (int)Math.Clamp((long)bytes / BytesPerMagazine, Math.Min(FewestMagazines, (long)bytes / FewestBytesPerMagazine), MostMagazines),
                        Committed,
                        options.Reclaim.Policy,
                        options.Reclaim.DepotThreshold,
                        options.Faults,
                        Id));
                    isBuilt = true;
                }
                catch (OutOfMemoryException refused)
                {
                    Arena?.Release();
                    if (injected != InjectedFaults)
                    {
                        throw;
                    }

                    // A process under `ulimit -v` or strict overcommit gets less.
                    if (options.ReservedBytes != 0 || !VirtualMemory.TryShrink(ref bytes, LeastBytes()))
                    {
                        throw NoRoom(options.ReservedBytes, refused);
                    }
                }
            }

            if (options.Reclaim.Worker)
            {
                Engine.StartWorker(options.Reclaim.Interval, Tick);
            }
        }
        catch
        {
            Close();
            throw;
        }
    }

    public long Id { get; }

    public string Name { get; }

    public string Kind { get; }

    public HeapMisuseLog Misuses { get; }

    public CommitCounter Committed { get; }

    public Arena Arena { get; } = null!;

    public SlabSpace Slabs { get; } = null!;

    public MagazineEngine<TSource> Engine { get; } = null!;

    /// <summary>
    /// Makes sure that the owner's memory stays mapped for this thread's operation: by its cache, which is pinned, or, where
    /// there is no memory for one, as a guest. Every call is followed by <see cref="Unprotect"/> with its result.
    /// </summary>
    /// <returns>This thread's cache, or null for a guest.</returns>
    /// <exception cref="ObjectDisposedException">The owner is disposed.</exception>
    public ThreadCache* Protect()
    {
        ThreadCache* cache = Engine.IsClosed ? null : Engine.Current();
        if (cache != null)
        {
            Engine.Pin(cache);
        }
        else
        {
            Engine.Enter();
        }

        return cache;
    }

    public void Unprotect(ThreadCache* cache)
    {
        if (cache != null)
        {
            Engine.Unpin(cache);
        }
        else
        {
            Engine.Leave();
        }
    }

    /// <summary>Allocates a block of a class through a thread's magazines, or past them where it has no cache.</summary>
    /// <returns>0 when there is no memory.</returns>
    public nuint AllocateBlock(ThreadCache* cache, int code)
    {
        if (cache == null)
        {
            return Engine.AcquireOne(code);
        }

        return ThreadCache.TryPop(cache, code, out nuint block) ? block : Engine.Refill(cache, code);
    }

    /// <summary>The next step of an allocation that found this thread's loaded magazine empty.</summary>
    /// <returns>0 when there is no memory.</returns>
    public nuint RefillPinned(ThreadCache* cache, int code)
    {
        Engine.Pin(cache);
        try
        {
            return Engine.Refill(cache, code);
        }
        finally
        {
            Engine.Unpin(cache);
        }
    }

    /// <summary>The next step of a free that found this thread's previous magazine full.</summary>
    public void SpillPinned(ThreadCache* cache, int code, nuint block)
    {
        Engine.Pin(cache);
        try
        {
            Engine.Spill(cache, code, block);
        }
        finally
        {
            Engine.Unpin(cache);
        }
    }

    /// <summary>Frees a block of a class through a thread's magazines, or past them where it has no cache.</summary>
    public void FreeBlock(ThreadCache* cache, int code, nuint block)
    {
        if (cache == null)
        {
            Engine.ReleaseOne(code, block);
            return;
        }

        if (!ThreadCache.TryPush(cache, code, block))
        {
            Engine.Spill(cache, code, block);
        }
    }

    /// <summary>Whether an address lies in memory that was handed out and has come back.</summary>
    public bool WasReturned(nuint address)
        => Arena.Contains(address) && Atomic.Load(ref Arena.PageMap[Arena.ChunkOf(address)]) == PageMap.Returned;

    /// <summary>Allocates a block of a class; when there is no memory, flushes and tries once more.</summary>
    /// <returns>0 when there is no memory.</returns>
    /// <exception cref="ObjectDisposedException">The owner is disposed.</exception>
    public nuint AllocateWithRetry(int code)
    {
        ThreadCache* cache = Protect();
        try
        {
            nuint block = AllocateBlock(cache, code);
            if (block == 0)
            {
                Flush();
                var look = new SecondLook(Committed.Transit);
                do
                {
                    look.Begin();
                    block = AllocateBlock(cache, code);
                }
                while (block == 0 && look.IsWorthwhile());
            }

            if (block == 0)
            {
                Engine.TellOutOfMemory(Slabs.Class(code).BlockBytes);
            }

            return block;
        }
        finally
        {
            Unprotect(cache);
        }
    }

    /// <summary>One reclaim pass.</summary>
    public ReclaimOutlook Tick()
    {
        Engine.TellReclaimStart();
        long before = Arena.DecommittedBytes;
        ReclaimOutlook outlook;
        long magazines;
        try
        {
            Arena.IdlePasses = PassesInMagazines;
            outlook = Engine.Reclaimer.PassQuietly(out magazines);
        }
        finally
        {
            Arena.IdlePasses = 0;
        }

        int pass = Arena.Pass;
        long bytes = 0;

        bool left = Slabs.Purge(pass - PurgeAge, ref bytes) | Arena.PurgeDirty(pass - PurgeAge, gently: true);
        Arena.TrimMetadata();
        Arena.Pass = pass + 1;
        Engine.TellReclaimStop(magazines, Arena.DecommittedBytes - before);
        return left ? ReclaimOutlook.Pending : outlook;
    }

    /// <summary>Returns all that nobody uses: this thread's cache, depots, dead threads' caches, free pages.</summary>
    /// <returns>Bytes decommitted.</returns>
    public long Trim()
    {
        Engine.TellReclaimStart();
        long before = Arena.DecommittedBytes;
        Engine.FlushCurrent(keepFullInDepot: false);
        long bytes = Engine.Reclaimer.TrimQuietly(out long magazines);
        long purged = 0;
        Slabs.Purge(Arena.Pass + 1, ref purged);
        Arena.PurgeDirty(Arena.Pass + 1);
        bytes += Arena.TrimMetadata() + Arena.DecommittedBytes - before;
        Engine.TellReclaimStop(magazines, bytes);
        Engine.TellTrimmed(bytes);
        return bytes;
    }

    /// <summary>Reads the books. The caller is inside.</summary>
    public virtual Ledger Read()
    {
        Ledger ledger = default;
        Engine.Read(ref ledger);
        Committed.Read(ref ledger);
        for (int code = 1; code <= Slabs.ClassCount; code++)
        {
            SizeClassStatistics one = ReadClass(code);
            ledger.AllocatedBlocks += one.AllocatedBlocks;
            ledger.AllocatedBytes += one.AllocatedBlocks * one.BlockBytes;
            ledger.CachedBlocks += one.ThreadCachedBlocks + one.DepotCachedBlocks;
            ledger.ThreadCachedBytes += one.ThreadCachedBlocks * one.BlockBytes;
            ledger.DepotCachedBytes += one.DepotCachedBlocks * one.BlockBytes;
            ledger.FreeBlocks += one.FreeBlocks;
            ledger.FreeBytes += one.FreeBlocks * one.BlockBytes;
        }

        ledger.CachedBytes = ledger.ThreadCachedBytes + ledger.DepotCachedBytes;
        ledger.CapacityBlocks = ledger.AllocatedBlocks + ledger.CachedBlocks + ledger.FreeBlocks;
        ledger.MetadataBytes = Arena.MetadataBytes;
        ledger.ReservedBytes += (long)Arena.ReservedBytes;
        ledger.DirtyBytes = Arena.DirtyBytes;
        ledger.DecommittedBytes = Arena.DecommittedBytes;
        ledger.OutOfMemoryFlushes = Atomic.Load(ref _flushes);
        ledger.Misuses = Misuses.Count;
        return ledger;
    }

    /// <exception cref="ObjectDisposedException">The owner is disposed.</exception>
    public HeapStatistics GetStatistics()
    {
        using Guest inside = Engine.AsGuest();
        return new HeapStatistics(Read());
    }

    /// <summary>Ends the heap; accepts one that was never, or only partly, built.</summary>
    /// <returns>False when it was closed already.</returns>
    public bool Close()
    {
        using Uninterrupted.Scope quiet = Uninterrupted.Begin();
        bool closed;

        // The last figures are told here: no pass of the worker shall be behind them.
        Engine?.StopWorker();
        try
        {
            OwnerRegistry.Instance.Withdraw(this, _faults);
        }
        finally
        {
            Misuses.Silent = true;
            Committed.Close();
            closed = Release();
        }

        return closed;
    }

    /// <summary>What an allocation does that found no memory, before it tries once more.</summary>
    protected void Flush()
    {
        using Guest inside = Engine.AsGuest();
        Atomic.Increment(ref _flushes);
        Engine.RequestFlush();
        Trim();
    }

    private long InjectedFaults => _faults?.Injected ?? 0;

    private bool Release()
    {
        if (Engine is not null)
        {
            return Engine.Close(Arena.Discard, Arena.Bequeath, drainThreads: false);
        }

        Arena?.Release();
        return true;
    }

    private static nuint RoundUp(nuint bytes) => (bytes + (1 << Arena.ChunkShift) - 1) & ~(nuint)((1 << Arena.ChunkShift) - 1);
}
