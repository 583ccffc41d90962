using MagAlloc.Magazines;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <summary>The slabs of a pool as a source of magazines: a type of its own for each item type, and so a thread-static too.</summary>
internal readonly unsafe struct PoolSource<T>(SlabSpace slabs) : IMagazineSource
    where T : unmanaged
{
    private readonly SlabSource _slabs = new SlabSource(slabs);

    public static bool RunsUserCode => false;

    public static bool IsSampled => true;

    public long DepotBudget => _slabs.DepotBudget;

    public int Acquire(int code, nuint* into, int count) => _slabs.Acquire(code, into, count);

    public void Release(int code, nuint* resources, int count) => _slabs.Release(code, resources, count);
}
