using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Gate.Reference;

/// <summary>Calls <see cref="ReferenceHeap"/>.</summary>
internal readonly unsafe struct ReferenceSession : IHeapSession
{
    public AddressBlock Allocate(nuint byteCount) => new(ReferenceHeap.Allocate(byteCount));

    public AddressBlock AllocateZeroed(nuint byteCount) => new(ReferenceHeap.AllocateZeroed(byteCount));

    public AddressBlock AllocateAligned(nuint byteCount, nuint alignment) => new(ReferenceHeap.AllocateAligned(byteCount, alignment));

    public AddressBlock Reallocate(AddressBlock block, nuint byteCount) => new(ReferenceHeap.Reallocate(block.Address, byteCount));

    public void Free(AddressBlock block) => ReferenceHeap.Free(block.Address);

    public void Dispose()
    {
    }
}
