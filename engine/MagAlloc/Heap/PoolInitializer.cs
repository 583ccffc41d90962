using MagAlloc.Slabs;

namespace MagAlloc;

/// <summary>Runs a pool's constructor on a block.</summary>
internal sealed unsafe class PoolInitializer<T>(UnmanagedConstructor<T> constructor) : IBlockInitializer
    where T : unmanaged
{
    private readonly UnmanagedConstructor<T> _constructor = constructor;

    public void Initialize(nuint block) => _constructor(ref *(T*)block);
}
