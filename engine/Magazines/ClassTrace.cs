using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>A thread's exchanges of one class while somebody listened, how many of them were told, and the next sample.</summary>
/// <remarks>
/// The counts of exchanges are written by the cache's owner only. What was told is moved up to them by compare-and-swap, so that of the thread
/// itself and whoever tells on its behalf exactly one tells of each exchange. They wrap; only differences are used.
/// </remarks>
internal unsafe struct ClassTrace
{
    public int FromDepot;
    public int ToDepot;
    private int _toldFrom;
    private int _toldTo;

    /// <summary>Allocations until the next sample, that one included, as of the last slow step.</summary>
    public long Left;

    /// <summary>Blocks in the loaded magazine after the last slow step: what is missing since then was allocated.</summary>
    public int Mark;

    /// <summary>Where a 0 lies in the loaded magazine, and what lay there; null: nowhere.</summary>
    public nuint* Slot;

    public nuint Displaced;

    /// <summary>Takes what was not told yet.</summary>
    /// <returns>False when there is nothing.</returns>
    public bool TryTake(out int fromDepot, out int toDepot)
    {
        fromDepot = Take(ref FromDepot, ref _toldFrom);
        toDepot = Take(ref ToDepot, ref _toldTo);
        return (fromDepot | toDepot) != 0;
    }

    private static int Take(ref int count, ref int told)
    {
        while (true)
        {
            int before = Atomic.Load(ref told);
            int now = Atomic.Load(ref count);
            if (now == before || Atomic.CompareExchange(ref told, now, before) == before)
            {
                return unchecked(now - before);
            }
        }
    }
}
