using MagAlloc.Events;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <content>Heaps and pools as events and instruments see them.</content>
internal unsafe partial class BlockCore<TSource>
{
    /// <summary>The owner is complete: it is listed, and its birth told.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for it; the caller closes.</exception>
    public void Announce() => OwnerRegistry.Instance.Announce(this, _faults);

    public bool TryRead(out Ledger ledger)
    {
        ledger = default;
        if (!Engine.TryEnter())
        {
            return false;
        }

        ledger = Read();
        Engine.Leave();
        return true;
    }

    public int ReadClasses(Span<SizeClassStatistics> into)
    {
        if (!Engine.TryEnter())
        {
            return 0;
        }

        try
        {
            int written = 0;
            for (int code = 1; code <= Slabs.ClassCount; code++)
            {
                SizeClassStatistics one = ReadClass(code);
                if (one.Slabs != 0)
                {
                    into[written++] = one;
                }
            }

            return written;
        }
        finally
        {
            Engine.Leave();
        }
    }

    public void ReportExchanges(int beforeBeat, bool discard) => Engine.ReportExchanges(beforeBeat, discard);

    public void FollowSessions() => Engine.FollowSessions();

    /// <summary>The classes in use, as callers of the owner see them.</summary>
    public IReadOnlyList<SizeClassStatistics> GetSizeClassStatistics()
    {
        Span<SizeClassStatistics> classes = stackalloc SizeClassStatistics[OwnerRegistry.MostClasses];
        int count = ReadClasses(classes);
        ObjectDisposedException.ThrowIf(Engine.IsClosed, this);
        return classes[..count].ToArray();
    }

    private SizeClassStatistics ReadClass(int code)
    {
        ref readonly SlabClass slab = ref Slabs.Class(code);
        long inThreads = Engine.CountInThreads(code);
        long inDepot = Engine.CountInDepot(code);
        long allocated = Slabs.Outstanding(code) - inThreads - inDepot;
        long capacity = Slabs.Capacity(code);
        long slabs = capacity / slab.Blocks;
        long slabBytes = slabs * ((long)slab.Chunks << MagAlloc.Slabs.Arena.ChunkShift);
        return new SizeClassStatistics
        {
            Code = code,
            BlockBytes = slab.BlockBytes,
            AllocatedBlocks = allocated,
            ThreadCachedBlocks = inThreads,
            DepotCachedBlocks = inDepot,
            FreeBlocks = capacity - allocated - inThreads - inDepot,
            Slabs = slabs,
            WasteBytes = slabBytes - (allocated * slab.BlockBytes),
        };
    }
}
