namespace MagAlloc.Bench.Contenders;

/// <summary>A session of an allocator with the whole malloc family, as replaying a real program needs it.</summary>
internal interface IHeapSession : IAllocatorSession<AddressBlock>
{
    AddressBlock AllocateZeroed(nuint byteCount);

    /// <summary>The block goes to the ordinary <see cref="Reallocate"/> and Free.</summary>
    AddressBlock AllocateAligned(nuint byteCount, nuint alignment);

    AddressBlock Reallocate(AddressBlock block, nuint byteCount);
}
