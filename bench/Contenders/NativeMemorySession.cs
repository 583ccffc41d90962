using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Contenders;

/// <summary>
/// <see cref="NativeMemory"/>, that is the C library. Aligned blocks go to the ordinary realloc and free: right for every Unix
/// libc, not for Windows.
/// </summary>
internal readonly unsafe struct NativeMemorySession : IHeapSession
{
    public AddressBlock Allocate(nuint byteCount) => new(NativeMemory.Alloc(byteCount));

    public AddressBlock AllocateZeroed(nuint byteCount) => new(NativeMemory.AllocZeroed(byteCount));

    public AddressBlock AllocateAligned(nuint byteCount, nuint alignment) => new(NativeMemory.AlignedAlloc(byteCount, alignment));

    public AddressBlock Reallocate(AddressBlock block, nuint byteCount) => new(NativeMemory.Realloc(block.Address, byteCount));

    public void Free(AddressBlock block) => NativeMemory.Free(block.Address);

    public void Dispose()
    {
    }
}
