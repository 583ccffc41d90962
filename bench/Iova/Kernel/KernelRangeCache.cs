namespace MagAlloc.Bench.Iova.Kernel;

/// <summary>
/// The cache of one order (<c>struct iova_rcache</c>): a pair of magazines for each processor, each pair under a lock of its own, in
/// front of a depot of full magazines under another. Any thread may call any method. Locks are taken in the order processor,
/// depot, tree.
/// </summary>
/// <param name="processors">Pairs of magazines, and the depth that the worker leaves the depot.</param>
/// <param name="magazines">Where magazines come from and go to.</param>
/// <param name="release">Returns the ranges of a magazine to the tree.</param>
/// <param name="spins">The kind of lock.</param>
internal sealed class KernelRangeCache(int processors, KernelMagazinePool magazines, Action<KernelMagazine> release, bool spins)
{
    private readonly KernelCpuCache[] _processors = [.. Enumerable.Range(0, processors).Select(_ => new KernelCpuCache(spins))];
    private readonly KernelLock _depotGate = new(spins);
    private KernelMagazine? _depot;
    private int _depotSize;

    public int DepotSize
    {
        get
        {
            using (_depotGate.Enter())
                return _depotSize;
        }
    }

    /// <summary>Puts a freed range into the magazines of this processor; a full loaded one goes to the depot when both are full.</summary>
    public void Insert(ulong pfn)
    {
        KernelCpuCache cache = Current();
        using (cache.Gate.Enter())
        {
            if (cache.Loaded.IsFull)
            {
                if (!cache.Previous.IsFull)
                {
                    cache.Swap();
                }
                else
                {
                    KernelMagazine empty = magazines.Take();
                    PushToDepot(cache.Loaded);
                    cache.Loaded = empty;
                }
            }

            cache.Loaded.Push(pfn);
        }
    }

    /// <summary>A cached range whose first pfn is at most the bound, or 0. Only the loaded magazine is looked through.</summary>
    public ulong Get(ulong highestFirst)
    {
        KernelCpuCache cache = Current();
        using (cache.Gate.Enter())
        {
            if (cache.Loaded.Count == 0)
            {
                if (cache.Previous.Count != 0)
                {
                    cache.Swap();
                }
                else if (PopFromDepot(deeperThan: 0) is { } full)
                {
                    magazines.Give(cache.Loaded);
                    cache.Loaded = full;
                }
                else
                {
                    return 0;
                }
            }

            return cache.Loaded.Pop(highestFirst);
        }
    }

    /// <summary>A step of the worker: one magazine back to the tree if the depot is deeper than the number of processors.</summary>
    /// <returns>False when there was nothing to do.</returns>
    public bool Reclaim()
    {
        if (PopFromDepot(deeperThan: processors) is not { } magazine)
            return false;
        Empty(magazine);
        magazines.Give(magazine);
        return true;
    }

    /// <summary>Empties the magazines of every processor; the magazines stay.</summary>
    public void FlushProcessors()
    {
        foreach (KernelCpuCache cache in _processors)
        {
            using (cache.Gate.Enter())
            {
                Empty(cache.Loaded);
                Empty(cache.Previous);
            }
        }
    }

    /// <summary>Empties the depot, under its lock all the while, as the kernel does.</summary>
    public void FlushDepot()
    {
        using (_depotGate.Enter())
        {
            while (_depot is { } magazine)
            {
                _depot = magazine.Next;
                _depotSize--;
                Empty(magazine);
                magazines.Give(magazine);
            }
        }
    }

    private KernelCpuCache Current() => _processors[Thread.GetCurrentProcessorId() % _processors.Length];

    private void PushToDepot(KernelMagazine magazine)
    {
        using (_depotGate.Enter())
        {
            magazine.Next = _depot;
            _depot = magazine;
            _depotSize++;
        }
    }

    private KernelMagazine? PopFromDepot(int deeperThan)
    {
        using (_depotGate.Enter())
        {
            if (_depot is not { } top || _depotSize <= deeperThan)
                return null;
            _depot = top.Next;
            _depotSize--;
            return top;
        }
    }

    private void Empty(KernelMagazine magazine)
    {
        release(magazine);
        magazine.Count = 0;
    }
}
