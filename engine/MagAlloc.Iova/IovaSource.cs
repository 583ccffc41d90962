using System.Runtime.CompilerServices;
using MagAlloc.Iova.Ranges;
using MagAlloc.Magazines;
using MagAlloc.Platform;

namespace MagAlloc.Iova;

/// <summary>
/// The ranges of a domain as a source of magazines. Codes 1 to 6 are those of 32, 16, … 1 pfns in the upper part of the space, above
/// 4 GiB; codes 7 to 12 the same below.
/// </summary>
/// <remarks>
/// <para>A magazine of the lower class holds ranges below 4 GiB only. One of the upper class may hold others too, once the upper part of the
/// space is used up: refills then take what there is, and frees go by place. A space without a boundary at 4 GiB in it
/// is all upper part.</para>
/// <para>A resource is the first pfn + 1, because 0 marks the bottom of a magazine and pfn 0 is legal. A range in a magazine is in
/// use for the tree, as it is in the kernel, so a refill and a return touch the tree once a batch, not once a range. Under
/// <see cref="CheckLevel.Basic"/> its start is marked meanwhile: the mark goes with the hand-over to a caller, and a free that
/// finds one is a second free.</para>
/// </remarks>
internal readonly unsafe struct IovaSource(
    RangeTree tree, ulong startPfn, ulong upperStart, ulong lastPfn, IovaMisuseLog misuses, bool marks, FaultPlan? faults) : IMagazineSource
{
    // Depots of all orders together may hold a quarter of what is in use and this many pfns: two dozen magazines of the largest
    // order, a few hundred of the smallest. The kernel's depots have no bound, and that is what ages.
    private const int DepotShare = 4;
    private const long DepotFloor = 1 << 17;

    // A batch is at most 1/64 of the window that it may lie in.
    private const int WindowShareShift = 6;

    // Leading zeros of 31, the largest cached size less one.
    private const uint SmallestZeros = 32 - (Orders - 1);

    /// <inheritdoc/>
    public static bool RunsUserCode => false;

    /// <inheritdoc/>
    public static bool KeepsLowest => true;

    /// <inheritdoc/>
    public static bool IsVisited => true;

    /// <inheritdoc/>
    public long DepotBudget => ((tree.UsedUnits - (long)startPfn) / DepotShare) + DepotFloor;

    /// <summary>Classes of each part of the space.</summary>
    public const int Orders = IovaDomainOptions.MostCachedOrders;

    public static int UpperCode(int order) => Orders - order;

    /// <summary>The code by the leading zeros, in 32 bits, of the size less one: 32 less the order.</summary>
    public static int UpperCode(uint zeros) => (int)(zeros - (SmallestZeros - 1));

    /// <summary>The same order's code in the lower part.</summary>
    public static int LowerOf(int upperCode) => upperCode + Orders;

    public static int OrderOf(int code) => (code > Orders ? 2 * Orders : Orders) - code;

    /// <summary>The entry of <see cref="UpperCode(uint)"/>, in an address computation of two instructions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CacheEntry* UpperEntry(ThreadCache* cache, uint zeros) => ThreadCache.Entry(cache, 0) - (int)(SmallestZeros - 1) + zeros;

    public static nuint Encode(ulong pfn) => (nuint)(pfn + 1);

    public static ulong Decode(nuint resource) => resource - 1;

    /// <inheritdoc/>
    public int Acquire(int code, nuint* into, int count) => Take(OrderOf(code), code > Orders ? upperStart - 1 : lastPfn, into, count);

    /// <inheritdoc/>
    public int AcquireBelow(int code, nuint highest, nuint* into, int count)
        => Take(OrderOf(code), Math.Min(lastPfn, Decode(highest) + (1UL << OrderOf(code)) - 1), into, count);

    /// <inheritdoc/>
    public void Release(int code, nuint* resources, int count)
    {
        int order = OrderOf(code);

        // Marked as they are: unmarked first, a second free in the moment between would pass for the first one.
        int freed = tree.FreeMany(order, resources, count);
        for (int i = freed; i < count; i++)
        {
            // The tree says how many, not which; a batch with a range in it that was freed twice, or with another size.
            misuses.Report(IovaMisuseKind.NotAllocated, Decode(resources[0]), 1UL << order);
        }
    }

    private int Take(int order, ulong last, nuint* into, int count)
    {
        if (FaultPlan.Fails(faults, FaultPoint.SourceAcquire))
        {
            return 0;
        }

        // Of a small window one batch shall not be a large part: what lies in one thread's magazines others can have by a flush only.
        ulong share = (last - startPfn + 1) >> (order + WindowShareShift);
        count = (int)Math.Clamp(share, 1, (ulong)count);

        // Marked in the step that claims them: in between, a stale free would be taken for a right one.
        int taken = tree.AllocateMany(order, last, into, count, marks);
        if (taken == 0)
        {
            Refusal.Note(RefusalKind.Reservation);
        }

        return taken;
    }
}
