namespace MagAlloc.Bench.Contenders;

/// <summary>Every contender, in the order of the tables.</summary>
internal static class ContenderCatalog
{
    public static IReadOnlyList<ContenderEntry> All { get; } =
    [
        new("magalloc", "NativeHeap, default calls", Heap),
        new("magalloc-handle", "NativeHeap, the thread's handle held over the loop", Handle),
        new("magalloc-pool", "UnmanagedPool of a 64-byte struct", Pool),
        new("native-memory", "NativeMemory, the C library's malloc", name =>
            new HeapContender<SharedSession<NativeMemorySession>, NativeMemorySession>(name, default)),
        new("mimalloc", "mimalloc, SuppressGCTransition", name =>
            Untransitioned(name, "libmimalloc.so.2", "mi_", "libmimalloc2.0")),
        new("mimalloc-pinvoke", "mimalloc, ordinary P/Invoke", name =>
            Transitioned(name, "libmimalloc.so.2", "mi_", "libmimalloc2.0")),
        new("tcmalloc", "tcmalloc (gperftools), SuppressGCTransition", name =>
            Untransitioned(name, "libtcmalloc_minimal.so.4", "tc_", "libtcmalloc-minimal4")),
        new("tbbmalloc", "tbbmalloc, SuppressGCTransition", name =>
            Untransitioned(name, "libtbbmalloc.so.2", "scalable_", "libtbbmalloc2")),
        new("array-pool", "ArrayPool<byte>.Shared", name =>
            new BlockContender<SharedSession<ArrayPoolSession>, ArrayPoolSession, ArrayBlock>(name, default)),
    ];

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

    private static Contender Untransitioned(string name, string file, string prefix, string package) =>
        NativeExports.TryLoad(file, prefix, out NativeExports? exports)
            ? new HeapContender<SharedSession<UntransitionedSession>, UntransitionedSession>(
                name, new SharedSession<UntransitionedSession>(new UntransitionedSession(exports)))
            : new AbsentContender(name, file, package);

    private static Contender Transitioned(string name, string file, string prefix, string package) =>
        NativeExports.TryLoad(file, prefix, out NativeExports? exports)
            ? new HeapContender<SharedSession<TransitionedSession>, TransitionedSession>(
                name, new SharedSession<TransitionedSession>(new TransitionedSession(exports)))
            : new AbsentContender(name, file, package);
}
