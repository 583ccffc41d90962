using MagAlloc.Magazines;

namespace MagAlloc.Slabs;

/// <summary>Slabs as a source of magazines.</summary>
internal readonly unsafe struct SlabSource(SlabSpace slabs) : IMagazineSource
{
    // Blocks lying in depots may weigh half of what is committed, and a quarter of a megabyte. With a sixteenth most freed magazines went
    // through the slabs and back where the flow between threads is not balanced; passes return what lies unused.
    private const int DepotShare = 2;
    private const long DepotFloor = 256 * 1024;

    private readonly SlabSpace _slabs = slabs;

    public static bool RunsUserCode => false;

    public static bool IsSampled => true;

    public long DepotBudget => (_slabs.Arena.Committed.Value / DepotShare) + DepotFloor;

    public int Acquire(int code, nuint* into, int count) => _slabs.Acquire(code, into, count);

    public void Release(int code, nuint* resources, int count) => _slabs.Release(code, resources, count);
}
