namespace MagAlloc.Bench.Contenders;

/// <summary>An allocator in managed code, called through pointers to its methods: the JIT does not inline them, as it may ours.</summary>
internal readonly unsafe struct ManagedSession(ManagedExports exports) : IHeapSession
{
    private readonly delegate*<nuint, void*> _allocate = (delegate*<nuint, void*>)exports.Allocate;
    private readonly delegate*<void*, void> _free = (delegate*<void*, void>)exports.Free;
    private readonly delegate*<void*, nuint, void*> _reallocate = (delegate*<void*, nuint, void*>)exports.Reallocate;

    public AddressBlock Allocate(nuint byteCount) => new(_allocate(byteCount));

    public AddressBlock AllocateZeroed(nuint byteCount) => throw new NotSupportedException("A managed peer has no zeroed blocks.");

    public AddressBlock AllocateAligned(nuint byteCount, nuint alignment) =>
        throw new NotSupportedException("A managed peer has no aligned blocks.");

    public AddressBlock Reallocate(AddressBlock block, nuint byteCount) => new(_reallocate(block.Address, byteCount));

    public void Free(AddressBlock block) => _free(block.Address);

    public void Dispose()
    {
    }
}
