using System.Collections.Concurrent;
using MagAlloc.Bench.Children;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Contenders;

/// <summary>Every contender, in the order of the tables.</summary>
internal static class ContenderCatalog
{
    public static IReadOnlyList<ContenderEntry> All { get; } =
    [
        new("magalloc", "NativeHeap, default calls", Heap) { Kind = ContenderKind.Engine, ColdStart = [ColdStart.Heap] },
        new("magalloc-handle", "NativeHeap, the thread's handle held over the loop", Handle) { Kind = ContenderKind.Engine, ColdStart = [ColdStart.Handle] },
        new("magalloc-pool", "UnmanagedPool of a 64-byte struct", Pool) { Kind = ContenderKind.Engine, ColdStart = [ColdStart.Pool] },
        new("native-memory", "NativeMemory, the C library's malloc", name =>
            new HeapContender<SharedSession<NativeMemorySession>, NativeMemorySession>(name, default))
        {
            Kind = ContenderKind.Runtime,
            ColdStart = [ColdStart.Runtime],
        },
        DebianLibrary.Mimalloc.Untransitioned("mimalloc"),
        DebianLibrary.Mimalloc.Transitioned("mimalloc-pinvoke"),
        DebianLibrary.Jemalloc.Untransitioned("jemalloc"),
        DebianLibrary.Jemalloc.Transitioned("jemalloc-pinvoke"),
        DebianLibrary.Tcmalloc.Untransitioned("tcmalloc"),
        DebianLibrary.Tcmalloc.Transitioned("tcmalloc-pinvoke"),
        DebianLibrary.Tbbmalloc.Untransitioned("tbbmalloc"),
        DebianLibrary.Tbbmalloc.Transitioned("tbbmalloc-pinvoke"),
        new("array-pool", "ArrayPool<byte>.Shared", name =>
            new BlockContender<SharedSession<ArrayPoolSession>, ArrayPoolSession, ArrayBlock>(name, default))
        {
            Kind = ContenderKind.Pool,
            ColdStart = [ColdStart.Arrays],
        },
        new("memory-pool", "MemoryPool<byte>.Shared", name =>
            new BlockContender<SharedSession<MemoryPoolSession>, MemoryPoolSession, OwnerBlock>(name, default))
        {
            Kind = ContenderKind.Pool,
            ColdStart = [ColdStart.Memories],
        },
        new("concurrent-queue", "ConcurrentQueue of 64-byte arrays", Queue) { Kind = ContenderKind.Pool },
        new("locked-stack", "Stack of 64-byte arrays under a lock", Stack) { Kind = ContenderKind.Pool },
    ];

    /// <summary>The catalogue, and behind it the peers of the command line.</summary>
    /// <exception cref="UsageException">A peer cannot be loaded, or its name is taken.</exception>
    public static IReadOnlyList<ContenderEntry> With(IReadOnlyList<IPeerSpec> peers)
    {
        HashSet<string> taken = [.. All.Select(entry => entry.Name)];
        foreach (IPeerSpec peer in peers)
        {
            if (!taken.Add(peer.Name))
                throw new UsageException($"{peer.Option} {peer.Name}: the name is taken; give one that is no other contender's");
        }

        return [.. All, .. peers.Select(peer => peer.Entry())];
    }

    // Each line of MagAlloc has a heap of its own, so that none finds another's magazines filled.
    private static HeapContender<SharedSession<HeapSession>, HeapSession> Heap(string name)
    {
        NativeHeap heap = NewHeap(name);
        return new(name, new SharedSession<HeapSession>(new HeapSession(heap)), heap)
        {
            More = () => NewHeap(name) is var more ? new(new SharedSession<HeapSession>(new HeapSession(more)), more) : default,
        };
    }

    private static HeapContender<HandleContender, HandleSession> Handle(string name)
    {
        NativeHeap heap = NewHeap(name);
        return new(name, new HandleContender(heap), heap)
        {
            More = () => NewHeap(name) is var more ? new(new HandleContender(more), more) : default,
        };
    }

    private static NativeHeap NewHeap(string name) => new(new NativeHeapOptions { Name = name });

    private static BlockContender<SharedSession<PoolSession>, PoolSession, AddressBlock> Pool(string name)
    {
        UnmanagedPool<Item64> pool = new(new UnmanagedPoolOptions { Name = name });
        return new(name, new SharedSession<PoolSession>(new PoolSession(pool)), Item64.Bytes, pool);
    }

    private static BlockContender<SharedSession<ConcurrentQueueSession>, ConcurrentQueueSession, ArrayBlock> Queue(string name) =>
        new(name, new SharedSession<ConcurrentQueueSession>(new ConcurrentQueueSession(new ConcurrentQueue<byte[]>())), Item64.Bytes);

    private static BlockContender<SharedSession<LockedStackSession>, LockedStackSession, ArrayBlock> Stack(string name) =>
        new(name, new SharedSession<LockedStackSession>(new LockedStackSession(new Stack<byte[]>(), new Lock())), Item64.Bytes);
}
