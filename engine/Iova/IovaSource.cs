using MagAlloc.Magazines;
using MagAlloc.Ranges;

namespace MagAlloc.Iova;

/// <summary>The ranges of a domain as a source of magazines: class c holds ranges of 2^(c - 1) pfns.</summary>
/// <remarks>
/// A resource is the first pfn + 1, because 0 marks the bottom of a magazine and pfn 0 is legal. A range in a magazine is in
/// use for the tree, as it is in the kernel, so a refill and a return touch the tree once a batch, not once a range. Under
/// <see cref="CheckLevel.Basic"/> its start is marked meanwhile: the mark goes with the hand-over to a caller, and a free that
/// finds one is a second free.
/// </remarks>
internal readonly unsafe struct IovaSource : IMagazineSource
{
    // Depots of all orders together may hold a quarter of what is in use and this many pfns: two dozen magazines of the largest
    // order, a few hundred of the smallest. The kernel's depots have no bound, and that is what ages.
    private const int DepotShare = 4;
    private const long DepotFloor = 1 << 17;

    private readonly RangeTree _tree;
    private readonly IovaMisuseLog _misuses;
    private readonly FaultPlan? _faults;
    private readonly ulong _start;
    private readonly ulong _last;
    private readonly bool _marks;

    public IovaSource(RangeTree tree, ulong startPfn, ulong lastPfn, IovaMisuseLog misuses, bool marks, FaultPlan? faults)
    {
        _tree = tree;
        _start = startPfn;
        _last = lastPfn;
        _misuses = misuses;
        _marks = marks;
        _faults = faults;
    }

    /// <inheritdoc/>
    public static bool RunsUserCode => false;

    /// <inheritdoc/>
    public static bool KeepsLowest => true;

    /// <inheritdoc/>
    public static bool IsVisited => true;

    /// <inheritdoc/>
    public long DepotBudget => ((_tree.UsedUnits - (long)_start) / DepotShare) + DepotFloor;

    public static int CodeOf(int order) => order + 1;

    public static nuint Encode(ulong pfn) => (nuint)(pfn + 1);

    public static ulong Decode(nuint resource) => resource - 1;

    /// <inheritdoc/>
    public int Acquire(int code, nuint* into, int count) => Take(code, _last, into, count);

    /// <inheritdoc/>
    public int AcquireBelow(int code, nuint highest, nuint* into, int count)
        => Take(code, Math.Min(_last, Decode(highest) + (1UL << (code - 1)) - 1), into, count);

    /// <inheritdoc/>
    public void Release(int code, nuint* resources, int count)
    {
        int order = code - 1;

        // Marked as they are: unmarked first, a second free in the moment between would pass for the first one.
        int freed = _tree.FreeMany(order, resources, count);
        for (int i = freed; i < count; i++)
        {
            // The tree says how many, not which; a batch with a range in it that was freed twice, or with another size.
            _misuses.Report(IovaMisuseKind.NotAllocated, Decode(resources[0]), 1UL << order);
        }
    }

    private int Take(int code, ulong last, nuint* into, int count)
    {
        if (FaultPlan.Fails(_faults, FaultPoint.SourceAcquire))
        {
            return 0;
        }

        // Marked in the step that claims them: in between, a stale free would be taken for a right one.
        return _tree.AllocateMany(code - 1, last, into, count, _marks);
    }
}
