using System.Runtime.Versioning;
using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Iova;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Faults.Support;

/// <summary>Something whose construction is a sequence of fallible steps. All of one component have one name, and so are one series of the meter.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Make">Makes one under a plan, or null.</param>
/// <param name="Use">Works it, and requires that its books balance afterwards.</param>
public sealed record Component(string Name, Func<FaultPlan?, IDisposable> Make, Action<IDisposable> Use)
{
    private const string OwnerName = "twin";

    public static IReadOnlyList<Component> All { get; } =
    [
        Heap("heap", CheckLevel.None),
        Heap("heap, basic checks", CheckLevel.Basic),
        Heap("heap, full checks", CheckLevel.Full),
        Pool("pool", null),
        Pool("pool with a constructor", (ref long item) => item = 42),
        Of("magazine cache", MakeCache, UseCache),
        Of("domain", MakeDomain, UseDomain),
        .. OperatingSystem.IsLinux() ? OnLinux() : [],
    ];

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static Component Of<T>(string name, Func<FaultPlan?, T> make, Action<T> use)
        where T : class, IDisposable
        => new(name, make, made => use((T)made));

    private static unsafe Component Heap(string name, CheckLevel checks) => Of(
        name,
        plan => new NativeHeap(new NativeHeapOptions { Name = OwnerName, Checks = checks, Faults = plan }),
        heap =>
        {
            heap.Free(heap.Allocate(64));
            heap.Free(heap.Allocate(3 << 20));
            Books.BalanceEmpty(heap);
        });

    private static unsafe Component Pool(string name, UnmanagedConstructor<long>? constructor) => Of(
        name,
        plan => new UnmanagedPool<long>(new UnmanagedPoolOptions { Name = OwnerName, Faults = plan }, constructor),
        pool =>
        {
            long* item = pool.Rent();
            Assert.That(constructor is null || *item == 42, Is.True, "an item is constructed");
            pool.Return(item);
            Books.Balance(pool.GetStatistics());
        });

    private static OwnedCache MakeCache(FaultPlan? plan)
    {
        IdStore store = new(300);
        return new OwnedCache(
            store, new MagazineCache<IdStore.Source>(new IdStore.Source(store), new MagazineCacheOptions { Name = OwnerName, Reclaim = new(), Faults = plan }));
    }

    private static void UseCache(OwnedCache made)
    {
        if (!made.Cache.TryAllocate(out ulong id))
        {
            throw new OutOfMemoryException("No resource was to be had.");
        }

        made.Cache.Free(id);
        Assert.That(made.Store.Available + made.Cache.GetStatistics().CachedResources, Is.EqualTo(300));
    }

    private static IovaDomain MakeDomain(FaultPlan? plan) => new(options: new IovaDomainOptions { Name = OwnerName, AddressBits = 36, Faults = plan });

    private static void UseDomain(IovaDomain domain)
    {
        domain.FreeFast(domain.AllocateFast(3, domain.LastPfn), 3);
        Domains.BalanceEmpty(domain);
    }

    [SupportedOSPlatform("linux")]
    private static Component[] OnLinux() =>
    [
        Of("queue", plan => new BufferQueue(new BufferQueueOptions { Name = OwnerName, Faults = plan }), UseQueue),
        Of("importer", MakeImporter, UseImporter),
    ];

    [SupportedOSPlatform("linux")]
    private static void UseQueue(BufferQueue queue)
    {
        queue.Request(1, Shared.Page);
        queue.GetSpan(0).Fill(7);
        queue.Release();
        Assert.That(queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That(queue.GetStatistics() is { LiveBytes: 0, OrphanedBytes: 0 }, Is.True);
    }

    [SupportedOSPlatform("linux")]
    private static Connection MakeImporter(FaultPlan? plan)
    {
        Shared shared = new(new BufferQueueOptions { Name = OwnerName });
        try
        {
            (BufferPeer peer, BufferImporter importer) = Connect(shared, plan);
            return new Connection(shared, peer, importer);
        }
        catch
        {
            shared.Dispose();
            throw;
        }
    }

    [SupportedOSPlatform("linux")]
    private static (BufferPeer Peer, BufferImporter Importer) Connect(Shared shared, FaultPlan? plan)
    {
        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(shared.Address, new BufferImporterOptions { Name = OwnerName, Faults = plan }));
        BufferPeer? peer = null;
        while (peer is null && !connecting.IsFaulted)
        {
            try
            {
                peer = shared.Queue.Accept(shared.Listener, TimeSpan.FromMilliseconds(5));
            }
            catch (BufferException)
            {
                // It went before it was let in: what it says counts.
                break;
            }
        }

        BufferImporter importer = connecting.GetAwaiter().GetResult();
        shared.Own(importer);
        return (peer!, importer);
    }

    [SupportedOSPlatform("linux")]
    private static void UseImporter(Connection made)
    {
        // An importer whose message could not be sent has left: whoever is owed a buffer by it has it back.
        made.Shared.Queue.Request(1, Shared.Page);
        try
        {
            made.Shared.Queue.Export(0, made.Peer);
            made.Importer.TryImport(out BufferImport? import, Shared.Soon);
            import?.Dispose();
        }
        catch (BufferException) when (!made.Peer.IsConnected)
        {
            // So it has.
        }

        made.Shared.Queue.Release();
        Assert.That(made.Shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    private sealed record OwnedCache(IdStore Store, MagazineCache<IdStore.Source> Cache) : IDisposable
    {
        public void Dispose()
        {
            Cache.Dispose();
            Assert.That((Store.Available, Store.WrongReturns), Is.EqualTo((300, 0)), "every resource came back, once");
        }
    }

    [SupportedOSPlatform("linux")]
    private sealed record Connection(Shared Shared, BufferPeer Peer, BufferImporter Importer) : IDisposable
    {
        public void Dispose() => Shared.Dispose();
    }
}
