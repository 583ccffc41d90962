using System.Buffers;
using System.Runtime.ExceptionServices;
using MagAlloc.Stress.Verification;

namespace MagAlloc.Stress.InitSweep;

/// <summary>Every component of the engine that is built from fallible steps, each with a use that proves it works.</summary>
internal static unsafe class InitScenarios
{
    private const nuint SmallBlock = 64;
    private const nuint LargeBlock = 3 << 20;

    public static IReadOnlyList<InitScenario> All { get; } =
    [
        new("heap", "a heap with default options", plan => UseHeap(Options(plan, worker: true)), HeapTwin),
        new("heap-basic", "a heap with basic checks", plan => UseHeap(Options(plan, worker: true, CheckLevel.Basic)), HeapTwin),
        new("heap-full", "a heap with full checks", plan => UseHeap(Options(plan, worker: true, CheckLevel.Full)), HeapTwin),
        new("heap-no-worker", "a heap without reclaim worker", plan => UseHeap(Options(plan, worker: false)), HeapTwin),
        new("pool", "an object pool", plan => UsePool(plan, constructor: null), PoolTwin),
        new("pool-constructor", "an object pool with a constructor", plan => UsePool(plan, (ref Point item) => item.X = 42), PoolTwin),
        new("magazine-cache", "magazines over a source of the caller's own", UseMagazineCache, CacheTwin),
        new("memory-pool", "the MemoryPool<byte> adapter", UseMemoryPool, HeapTwin),
        new("thread-cache", "the first use of a heap by a thread", UseFromNewThread, HeapTwin),
        new("small-allocation", "the first small block of a heap", plan => FirstBlock(plan, SmallBlock), HeapTwin),
        new("large-allocation", "the first large block of a heap", plan => FirstBlock(plan, LargeBlock), HeapTwin),
        new("trim-dispose", "trim and dispose of a used heap", TrimAndDispose, HeapTwin),
        .. IovaScenarios.All,
        .. SharingScenarios.All,
    ];

    private static NativeHeapOptions Options(FaultPlan? plan, bool worker, CheckLevel checks = CheckLevel.None) =>
        new() { Name = "sweep", Checks = checks, Reclaim = new() { Worker = worker }, Faults = plan };

    private static Twin HeapTwin()
    {
        NativeHeap heap = new(Options(plan: null, worker: true));
        return new Twin(heap, () =>
        {
            UseBlock(heap, SmallBlock, plan: null);
            RequireBalance(heap.GetStatistics());
        });
    }

    private static Twin PoolTwin()
    {
        UnmanagedPool<Point> pool = new();
        return new Twin(pool, () =>
        {
            pool.Return(pool.Rent());
            RequireBalance(pool.GetStatistics());
        });
    }

    private static Twin CacheTwin()
    {
        IdSource.Book book = new();
        MagazineCache<IdSource> cache = new(new IdSource(book));
        return new Twin(cache, () =>
        {
            Require(cache.TryAllocate(out ulong id), "a resource was refused");
            cache.Free(id);
            Require(cache.GetStatistics().CachedResources == Volatile.Read(ref book.Out), "resources are neither cached nor with the source");
        });
    }

    private static void RequireBalance(HeapStatistics books)
        => Require(
            books.AllocatedBlocks + books.LargeBlocks == 0 && books.CachedBlocks + books.FreeBlocks == books.CapacityBlocks,
            $"the books do not balance: {books}");

    private static void UseHeap(NativeHeapOptions options)
    {
        using NativeHeap heap = new(options);
        UseBlock(heap, SmallBlock, options.Faults);
        UseBlock(heap, LargeBlock, options.Faults);
    }

    private static void UsePool(FaultPlan? plan, UnmanagedConstructor<Point>? constructor)
    {
        using UnmanagedPool<Point> pool = new(new UnmanagedPoolOptions { Faults = plan }, constructor);
        Point* item = (Point*)Tolerating(plan, () => (nint)pool.Rent(), out OutOfMemoryException? refused);
        bool constructed = constructor is null || item->X == 42;
        item->Y = 7;
        pool.Return(item);
        Require(constructed, "a rented item was not constructed");
        Rethrow(refused);
    }

    private static void UseMagazineCache(FaultPlan? plan)
    {
        IdSource.Book book = new();
        using (MagazineCache<IdSource> cache = new(new IdSource(book), new MagazineCacheOptions { Faults = plan }))
        {
            if (!cache.TryAllocate(out ulong id))
            {
                Require(plan is not null, "a resource was refused though nothing failed");
                Disarm(plan);
                Require(cache.TryAllocate(out id), "a resource was refused a second time, after a fault");
            }

            cache.Free(id);
        }

        Require(book.Out == 0, $"{book.Out} resources were not returned to the source");
    }

    private static void UseMemoryPool(FaultPlan? plan)
    {
        using NativeHeap heap = new(Options(plan, worker: false));
        using NativeMemoryPool pool = new(heap);
        OutOfMemoryException? refused = null;
        IMemoryOwner<byte> owner;
        try
        {
            owner = pool.Rent(4096);
        }
        catch (OutOfMemoryException e)
        {
            refused = e;
            Disarm(plan);
            owner = pool.Rent(4096);
        }

        owner.Memory.Span.Fill(0x5a);
        owner.Dispose();
        Require(heap.GetStatistics().AllocatedBlocks == 0, "a disposed owner did not return its block");
        Rethrow(refused);
    }

    private static void UseFromNewThread(FaultPlan? plan)
    {
        Disarm(plan);
        using NativeHeap heap = new(Options(plan, worker: false));
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                Arm(plan);
                UseBlock(heap, SmallBlock, plan);
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    private static void FirstBlock(FaultPlan? plan, nuint size)
    {
        Disarm(plan);
        using NativeHeap heap = new(Options(plan, worker: false));
        Arm(plan);
        UseBlock(heap, size, plan);
    }

    private static void TrimAndDispose(FaultPlan? plan)
    {
        const int Blocks = 2000;
        Disarm(plan);
        using NativeHeap heap = new(Options(plan, worker: false));
        nint[] blocks = new nint[Blocks];
        for (int i = 0; i < Blocks; i++)
            blocks[i] = (nint)heap.Allocate((nuint)(16 << (i % 8)));
        nint large = (nint)heap.Allocate(LargeBlock);

        // Giving back must work when memory is short: that is when it is needed.
        Arm(plan);
        foreach (nint block in blocks)
            heap.Free((void*)block);
        heap.Free((void*)large);
        heap.Trim();
        HeapStatistics statistics = heap.GetStatistics();
        Require(statistics.AllocatedBlocks + statistics.LargeBlocks == 0, "blocks are still allocated after all were freed");
    }

    /// <summary>
    /// Allocates, proves and frees one block. A refusal must leave a heap that works: the block is asked for again with
    /// nothing failing, and only then is the refusal passed on.
    /// </summary>
    private static void UseBlock(NativeHeap heap, nuint size, FaultPlan? plan)
    {
        byte* block = (byte*)Tolerating(plan, () => (nint)heap.Allocate(size), out OutOfMemoryException? refused);
        ulong tag = OwnerPattern.Tag(1, (ulong)size);
        OwnerPattern.Fill(block, size, tag);
        bool intact = OwnerPattern.FindViolation(block, size, tag) < 0;
        heap.Free(block);
        Require(intact, "a block does not keep what was written to it");
        Rethrow(refused);
    }

    private static nint Tolerating(FaultPlan? plan, Func<nint> allocate, out OutOfMemoryException? refused)
    {
        refused = null;
        try
        {
            return allocate();
        }
        catch (OutOfMemoryException e)
        {
            refused = e;
            Disarm(plan);
            return allocate();
        }
    }

    private static void Rethrow(OutOfMemoryException? refused)
    {
        if (refused is not null)
            ExceptionDispatchInfo.Throw(refused);
    }

    private static void Require(bool condition, string otherwise)
    {
        if (!condition)
            throw new InvalidOperationException(otherwise);
    }

    private static void Arm(FaultPlan? plan) => plan?.Enabled = true;

    private static void Disarm(FaultPlan? plan) => plan?.Enabled = false;

    /// <summary>What the pools of the sweep hold.</summary>
    internal struct Point
    {
        public long X;
        public long Y;
    }
}
