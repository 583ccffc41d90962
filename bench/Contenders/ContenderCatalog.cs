using System.Collections.Concurrent;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Contenders;

/// <summary>Every contender, in the order of the tables.</summary>
internal static class ContenderCatalog
{
    public static IReadOnlyList<ContenderEntry> All { get; } =
    [
        new("magalloc", "NativeHeap, default calls", Heap) { Kind = ContenderKind.Engine },
        new("magalloc-handle", "NativeHeap, the thread's handle held over the loop", Handle) { Kind = ContenderKind.Engine },
        new("magalloc-pool", "UnmanagedPool of a 64-byte struct", Pool) { Kind = ContenderKind.Engine },
        new("native-memory", "NativeMemory, the C library's malloc", name =>
            new HeapContender<SharedSession<NativeMemorySession>, NativeMemorySession>(name, default))
        {
            Kind = ContenderKind.Runtime,
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
        },
        new("memory-pool", "MemoryPool<byte>.Shared", name =>
            new BlockContender<SharedSession<MemoryPoolSession>, MemoryPoolSession, OwnerBlock>(name, default))
        {
            Kind = ContenderKind.Pool,
        },
        new("concurrent-queue", "ConcurrentQueue of 64-byte arrays", Queue) { Kind = ContenderKind.Pool },
        new("locked-stack", "Stack of 64-byte arrays under a lock", Stack) { Kind = ContenderKind.Pool },
    ];

    /// <summary>The catalogue, and behind it the peers of the command line.</summary>
    /// <exception cref="UsageException">A peer cannot be loaded, or its name is taken.</exception>
    public static IReadOnlyList<ContenderEntry> With(IReadOnlyList<PeerSpec> peers)
    {
        HashSet<string> taken = [.. All.Select(entry => entry.Name)];
        foreach (PeerSpec peer in peers)
        {
            if (!taken.Add(peer.Name))
                throw new UsageException($"--peer {peer.Name}: the name is taken; give one that is no other contender's");
        }

        return [.. All, .. peers.Select(Peers.Entry)];
    }

    // Each line of MagAlloc has a heap of its own, so that none finds another's magazines filled.
    private static HeapContender<SharedSession<HeapSession>, HeapSession> Heap(string name)
    {
        NativeHeap heap = new(new NativeHeapOptions { Name = name });
        return new(name, new SharedSession<HeapSession>(new HeapSession(heap)), heap);
    }

    private static HeapContender<HandleContender, HandleSession> Handle(string name)
    {
        NativeHeap heap = new(new NativeHeapOptions { Name = name });
        return new(name, new HandleContender(heap), heap);
    }

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
