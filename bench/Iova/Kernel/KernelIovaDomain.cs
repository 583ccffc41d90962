using System.Numerics;

namespace MagAlloc.Bench.Iova.Kernel;

/// <summary>
/// What <c>IovaDomain</c> is measured against: the algorithm of Linux's <c>drivers/iommu/iova.c</c> in managed code, after the
/// description of its behaviour. All ranges lie in one red-black tree under one lock; a request walks it downwards from where the
/// last one was placed; magazines under locks stand in front of it.
/// </summary>
/// <remarks>
/// <para>Faithful where it costs and where it gains: the linear walk, the cursor for each of the two windows, the second pass, the
/// remembered size that failed, the locks, the depot, the worker's rate. Where managed code could only lose against the kernel's C,
/// the model is given the benefit: nodes and magazines are reused without a collector, interrupts are not switched off.</para>
/// <para>Any thread may call any method. Pfn 0 is no range: it is how the fast call says that there is none.</para>
/// </remarks>
internal sealed class KernelIovaDomain : IDisposable
{
    /// <summary>Orders 0 to 5 are cached: 1 to 32 granules.</summary>
    public const int CachedOrders = 6;

    private static readonly TimeSpan s_workerInterval = TimeSpan.FromMilliseconds(100);

    private readonly KernelLock _gate;
    private readonly KernelTree _tree;
    private readonly KernelNode _anchor = new() { First = ulong.MaxValue, Last = ulong.MaxValue };
    private readonly KernelRangeCache[] _caches;
    private readonly Timer? _worker;
    private readonly ulong _startPfn;
    private readonly ulong _end32;
    private KernelNode? _freeNodes;
    private KernelNode _cached;
    private KernelNode _cached32;
    private ulong _smallestThatFailed32;
    private long _count;

    /// <param name="granule">Bytes of a pfn, a power of two.</param>
    /// <param name="startPfn">The lowest pfn that is given out.</param>
    /// <param name="processors">Pairs of magazines for each order.</param>
    /// <param name="worker">False: only <see cref="Tick"/> reclaims.</param>
    /// <param name="spins">True: bare spinlocks, as in the kernel.</param>
    public KernelIovaDomain(ulong granule, ulong startPfn, int processors, bool worker, bool spins = false)
    {
        _gate = new KernelLock(spins);
        _startPfn = startPfn;
        _end32 = 1UL << (32 - BitOperations.Log2(granule));
        _smallestThatFailed32 = _end32;
        _tree = new KernelTree(_anchor);
        _cached = _anchor;
        _cached32 = _anchor;
        KernelMagazinePool magazines = new(spins);
        _caches = [.. Enumerable.Range(0, CachedOrders).Select(_ => new KernelRangeCache(processors, magazines, Release, spins))];
        if (worker)
            _worker = new Timer(_ => Tick(), null, s_workerInterval, s_workerInterval);
    }

    /// <summary>The tree, for the tests of its shape; use it while nobody calls.</summary>
    public KernelTree Tree => _tree;

    /// <summary>Ranges in the tree, cached ones included.</summary>
    public long Count
    {
        get
        {
            using (_gate.Enter())
                return _count;
        }
    }

    /// <summary>Magazines in the depots of all orders.</summary>
    public int DepotMagazines => _caches.Sum(cache => cache.DepotSize);

    /// <summary>The kernel's <c>alloc_iova</c>.</summary>
    /// <param name="size">In granules.</param>
    /// <param name="limitPfn">The highest pfn of the range, inclusive.</param>
    /// <param name="sizeAligned">The first pfn is a multiple of the size, rounded up to a power of two.</param>
    /// <param name="range">The range.</param>
    public bool TryAllocate(ulong size, ulong limitPfn, bool sizeAligned, out (ulong First, ulong Last) range)
    {
        ulong end = limitPfn + 1;
        ulong mask = sizeAligned ? ~(BitOperations.RoundUpToPowerOf2(size) - 1) : ulong.MaxValue;
        using (_gate.Enter())
        {
            range = default;
            if (end <= _end32 && size >= _smallestThatFailed32)
                return false;
            if (!TryPlace(size, end, mask, out ulong first, out KernelNode? next))
            {
                _smallestThatFailed32 = size;
                return false;
            }

            range = (first, first + size - 1);
            KernelNode node = NewNode(range.First, range.Last);
            _tree.InsertBefore(node, next);
            _count++;
            if (node.Last < _end32)
                _cached32 = node;
            else
                _cached = node;
            return true;
        }
    }

    /// <summary>The kernel's <c>free_iova</c>: frees the range that holds the pfn.</summary>
    public bool Free(ulong pfn)
    {
        using (_gate.Enter())
            return RemoveHolderOf(pfn);
    }

    /// <summary>The kernel's <c>alloc_iova_fast</c>; 0 when there is no range.</summary>
    public ulong AllocateFast(ulong size, ulong limitPfn, bool flushRcache)
    {
        if (size < 1UL << (CachedOrders - 1))
            size = BitOperations.RoundUpToPowerOf2(size);
        int order = OrderOf(size);
        if (order < CachedOrders && _caches[order].Get(limitPfn + 1 - size) is var cached and not 0)
            return cached;
        if (TryAllocate(size, limitPfn, sizeAligned: true, out (ulong First, ulong Last) range))
            return range.First;
        if (!flushRcache)
            return 0;
        Flush();
        return TryAllocate(size, limitPfn, sizeAligned: true, out range) ? range.First : 0;
    }

    /// <summary>The kernel's <c>free_iova_fast</c>; trusts the caller, as there.</summary>
    public void FreeFast(ulong pfn, ulong size)
    {
        int order = OrderOf(size);
        if (order < CachedOrders)
            _caches[order].Insert(pfn);
        else
            Free(pfn);
    }

    /// <summary>A step of the worker of every order.</summary>
    /// <returns>True when one found something to reclaim.</returns>
    public bool Tick()
    {
        bool any = false;
        foreach (KernelRangeCache cache in _caches)
            any |= cache.Reclaim();
        return any;
    }

    /// <summary>Returns every cached range to the tree.</summary>
    public void Flush()
    {
        foreach (KernelRangeCache cache in _caches)
            cache.FlushProcessors();
        foreach (KernelRangeCache cache in _caches)
            cache.FlushDepot();
    }

    public void Dispose() => _worker?.Dispose();

    private static int OrderOf(ulong size) => BitOperations.Log2(BitOperations.RoundUpToPowerOf2(size));

    // Downwards from the cursor, range by range; a second time from the limit down to the cursor, where frees may have left holes.
    private bool TryPlace(ulong size, ulong end, ulong mask, out ulong first, out KernelNode next)
    {
        bool low = end <= _end32;
        next = low ? _cached32 : _cached;
        ulong lowest = _startPfn;
        ulong again = next.Last;
        while (!TryWalk(size, end, mask, lowest, out first, ref next))
        {
            if (lowest != _startPfn || again >= end)
                return false;
            lowest = again + 1;
            next = low ? _tree.LowestEndingAtOrAbove(end) : _anchor;
        }

        return true;
    }

    private static bool TryWalk(ulong size, ulong end, ulong mask, ulong lowest, out ulong first, ref KernelNode next)
    {
        ulong high = end;
        KernelNode? below = next;
        do
        {
            next = below;
            high = Math.Min(high, next.First);
            first = (high - size) & mask;
            below = KernelTree.Previous(next);
        }
        while (below is not null && first <= below.Last && first >= lowest);
        return high >= size && first >= lowest;
    }

    private bool RemoveHolderOf(ulong pfn)
    {
        if (_tree.Find(pfn) is not { } node || node == _anchor)
            return false;

        // The cursors follow to the next higher range: from there a walk meets the hole.
        if (node == _cached32 || (node.Last < _end32 && node.First >= _cached32.First))
            _cached32 = KernelTree.Next(node)!;
        if (node.First < _end32)
            _smallestThatFailed32 = _end32;
        if (node.First >= _cached.First)
            _cached = KernelTree.Next(node)!;
        _tree.Remove(node);
        _count--;
        node.Parent = _freeNodes;
        _freeNodes = node;
        return true;
    }

    private void Release(KernelMagazine magazine)
    {
        using (_gate.Enter())
        {
            for (int i = 0; i < magazine.Count; i++)
                RemoveHolderOf(magazine.Pfns[i]);
        }
    }

    private KernelNode NewNode(ulong first, ulong last)
    {
        KernelNode node = _freeNodes ?? new KernelNode();
        _freeNodes = node.Parent;
        node.First = first;
        node.Last = last;
        return node;
    }
}
