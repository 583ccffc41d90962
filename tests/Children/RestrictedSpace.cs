using System.Runtime.InteropServices;
using MagAlloc.Platform;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Children;

/// <summary>Processes with few addresses, or with none left.</summary>
internal static unsafe partial class RestrictedSpace
{
    private const int AddressSpace = 9;
    private const long Room = 64 * Heaps.MiB;

    // As many heaps of the default size as there can never be, and more small ones than the rest has room for.
    private const int MostHeaps = 10_000;

    public static IReadOnlyDictionary<string, Action> Parts { get; } = new Dictionary<string, Action>
    {
        ["heaps-until-refused"] = HeapsUntilRefused,
        ["eight-heaps"] = EightHeaps,
        ["tight-heap"] = () => Tight(UseHeap),
        ["tight-heap-basic"] = () => Tight(() => UseHeap(CheckLevel.Basic)),
        ["tight-pool"] = () => Tight(UsePool),
        ["tight-cache"] = () => Tight(UseCache),
        ["tight-domain"] = () => Tight(UseDomain),
        ["tight-shared"] = () => Tight(UseShared),
        ["tight-all"] = () => Tight(() =>
        {
            using NativeHeap heap = UseHeap();
            using UnmanagedPool<long> pool = UsePool();
            using MagazineCache<IdStore.Source> cache = UseCache();
            using IovaDomain domain = UseDomain();

            // Little is left by now, but a heap for small blocks.
            Use(NativeHeap.Shared, largest: 1 << 15);
        }),
        ["explicit-size"] = ExplicitSize,
        ["shared-later"] = SharedLater,
        ["refused-a-thousand-times"] = RefusedAThousandTimes,
    };

    private static void HeapsUntilRefused()
    {
        // Everything once, refusals included, so that nothing is compiled when there is no room for it.
        UseHeap().Dispose();
        Refused(() => new NativeHeap(new NativeHeapOptions { Faults = FaultPlan.FailNth(1) }));
        List<NativeHeap> heaps = new(MostHeaps);
        OutOfMemoryException? refused = null;
        while (refused is null && heaps.Count < MostHeaps)
        {
            try
            {
                heaps.Add(new NativeHeap(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual }));
            }
            catch (OutOfMemoryException e)
            {
                refused = e;
            }
        }

        Console.WriteLine($"{heaps.Count} heaps, then: {refused?.Message}");
        Require(refused is not null && heaps.Count > 100, "heaps come to an end");
        long before = ProcessState.VirtualBytes;
        Refused(() => new NativeHeap(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual }));
        Require(ProcessState.VirtualBytes <= before + Heaps.MiB, "a refused heap leaves nothing");
        foreach (NativeHeap heap in heaps)
        {
            void* block = heap.Allocate(64);
            new Span<byte>(block, 64).Fill(1);
            heap.Free(block);
        }

        heaps[0].Dispose();
        using (NativeHeap next = new(new NativeHeapOptions { Reclaim = ReclaimOptions.Manual }))
        {
            next.Free(next.Allocate(64));
        }
    }

    private static void EightHeaps()
    {
        List<NativeHeap> heaps = [];
        for (int i = 0; i < 8; i++)
        {
            heaps.Add(UseHeap());
            Console.WriteLine($"{heaps[^1].GetStatistics().ReservedBytes >> 20} MiB");
        }

        heaps.ForEach(heap => heap.Dispose());
        UseHeap().Dispose();
    }

    private static void Tight(Action use)
    {
        // What the runtime needs for all this, it has: the code, the stacks of threads that were, and the list of owners.
        WarmUp();
        LimitTo(Room);
        use();
    }

    private static void Tight<T>(Func<T> use)
        where T : IDisposable
        => Tight(() =>
        {
            for (int i = 0; i < 3; i++)
            {
                using T one = use();
            }
        });

    private static void ExplicitSize()
    {
        WarmUp();
        LimitTo(Room);
        foreach (long bytes in new[] { 256 * Heaps.MiB, 256 * Heaps.GiB })
        {
            string said = Refused(() => new NativeHeap(new NativeHeapOptions { Name = "stated", ReservedBytes = bytes, Reclaim = ReclaimOptions.Manual })).Message;
            Require(said.Contains("stated") && said.Contains("ReservedBytes") && said.Contains($"{bytes}") && said.Contains("fewer"), said);
        }

        // One that would fit but for its alignment: a heap is aligned to its size where there is room for that.
        using NativeHeap heap = new(new NativeHeapOptions { ReservedBytes = 48 * Heaps.MiB, Reclaim = ReclaimOptions.Manual });
        void* block = heap.AllocateAligned(100_000, 1 << 16);
        Require((nuint)block % (1 << 16) == 0, "a block is aligned");
        heap.Free(block);
        void* large = heap.Allocate(40 << 20);
        new Span<byte>(large, 40 << 20).Fill(1);
        heap.Free(large);
    }

    private static void SharedLater()
    {
        WarmUp();
        LimitTo(Heaps.MiB);
        Refused(() => NativeHeap.Shared);
        Refused(() => NativeMemoryPool.Shared.Rent(100));
        LimitTo(Room);
        UseShared();
        Require(ReferenceEquals(NativeHeap.Shared, NativeHeap.Shared), "there is one");
        NativeMemoryPool.Shared.Rent(100).Dispose();
    }

    private static void RefusedAThousandTimes()
    {
        using NativeHeap living = UseHeap();
        WarmUp();
        LimitTo(Heaps.MiB);
        Refused(() => new NativeHeap());
        long before = ProcessState.VirtualBytes;
        for (int i = 0; i < 1000; i++)
        {
            Refused(() => new NativeHeap());
            Refused(() => new UnmanagedPool<long>());
            Refused(() => new IovaDomain());
            new MagazineCache<IdStore.Source>(new IdStore.Source(new IdStore(1))).Dispose(); // which is content with little
        }

        Require(ProcessState.VirtualBytes - before < 16 * Heaps.MiB, "nothing is left");
        living.Free(living.Allocate(64));
    }

    private static void WarmUp()
    {
        // Small ones: at their default sizes they would not fit, and the shared heap is to be made under the limit.
        using NativeHeap heap = UseHeap();
        using NativeHeap basic = UseHeap(CheckLevel.Basic);
        using UnmanagedPool<long> pool = UsePool();
        using MagazineCache<IdStore.Source> cache = UseCache();
        using IovaDomain domain = UseDomain();
        Refused(() => new NativeHeap(new NativeHeapOptions { Faults = FaultPlan.FailNth(1) }));
        _ = ProcessState.VirtualBytes;
    }

    private static NativeHeap UseHeap() => UseHeap(CheckLevel.None);

    private static NativeHeap UseHeap(CheckLevel checks)
    {
        NativeHeap heap = new(new NativeHeapOptions { Checks = checks });
        Use(heap);
        return heap;
    }

    private static void UseShared() => Use(NativeHeap.Shared);

    private static void Use(NativeHeap heap, int largest = 1 << 20)
    {
        List<nint> blocks = [];
        for (nuint size = 16; size <= (nuint)largest; size *= 2)
        {
            byte* block = (byte*)heap.Allocate(size);
            new Span<byte>(block, (int)size).Fill(1);
            blocks.Add((nint)block);
        }

        blocks.Add((nint)heap.AllocateAligned(100, 1 << 17));
        Require(blocks[^1] % (1 << 17) == 0, "a block is aligned");
        blocks.ForEach(block => heap.Free((void*)block));
        for (int i = 0; i < 10_000; i++)
        {
            heap.Free(heap.Allocate(100));
        }

        HeapStatistics books = heap.GetStatistics();
        Require(books.AllocatedBlocks + books.LargeBlocks == 0, "the books balance");
    }

    private static UnmanagedPool<long> UsePool()
    {
        UnmanagedPool<long> pool = new(null, (ref long item) => item = 42);
        long*[] items = new long*[10_000];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = pool.Rent();
            Require(*items[i] == 42, "an item is constructed");
        }

        foreach (long* item in items)
        {
            pool.Return(item);
        }

        Require(pool.GetStatistics().AllocatedBlocks == 0, "the books balance");
        return pool;
    }

    private static MagazineCache<IdStore.Source> UseCache()
    {
        MagazineCache<IdStore.Source> cache = new(new IdStore.Source(new IdStore(3000)), new MagazineCacheOptions { Reclaim = new() });
        List<ulong> ids = [];
        while (ids.Count < 3000 && cache.TryAllocate(out ulong id))
        {
            ids.Add(id);
        }

        Require(ids.Count == 3000, "all ids are to be had");
        ids.ForEach(cache.Free);
        return cache;
    }

    private static IovaDomain UseDomain()
    {
        // A window of 4 GiB.
        IovaDomain domain = new(options: new IovaDomainOptions { AddressBits = 32 });
        List<ulong> pfns = [];
        for (int i = 0; i < 2000; i++)
        {
            pfns.Add(domain.AllocateFast(1, domain.LastPfn));
        }

        pfns.ForEach(pfn => domain.FreeFast(pfn, 1));
        Require(domain.GetStatistics().AllocatedUnits == 0, "the books balance");
        return domain;
    }

    private static OutOfMemoryException Refused(Func<object> make)
    {
        try
        {
            (make() as IDisposable)?.Dispose();
        }
        catch (OutOfMemoryException e)
        {
            return e;
        }

        throw new InvalidOperationException("it was not refused");
    }

    /// <summary>So much more can be reserved.</summary>
    private static void LimitTo(long more)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Limits are set on Linux.");
        }

        ulong* limits = stackalloc ulong[2];
        Require(LibC.GetLimit(AddressSpace, limits) == 0, "the limit can be read");
        limits[0] = (ulong)(ProcessState.VirtualBytes + more);
        Require(SetLimit(AddressSpace, limits) == 0, "the limit can be set");
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new InvalidOperationException(what);
        }
    }

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, ulong* softAndHard);
}
