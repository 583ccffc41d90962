using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>A thread's exchanges of one class while somebody listened, and how many of them were told.</summary>
/// <remarks>
/// The counts are written by the cache's owner only. What was told is moved up to them by compare-and-swap, so that of the thread
/// itself and whoever tells on its behalf exactly one tells of each exchange. They wrap; only differences are used.
/// </remarks>
internal struct ClassTrace
{
    public int FromDepot;
    public int ToDepot;
    private int _toldFrom;
    private int _toldTo;

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
