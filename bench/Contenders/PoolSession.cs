namespace MagAlloc.Bench.Contenders;

/// <summary>An <see cref="UnmanagedPool{T}"/>: the size is that of its type, whatever is asked for.</summary>
internal readonly unsafe struct PoolSession(UnmanagedPool<Item64> pool) : IAllocatorSession<AddressBlock>
{
    public AddressBlock Allocate(nuint byteCount) => new(pool.Rent());

    public void Free(AddressBlock block) => pool.Return((Item64*)block.Address);

    public void Dispose()
    {
    }
}
