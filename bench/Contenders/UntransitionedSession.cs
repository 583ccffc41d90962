namespace MagAlloc.Bench.Contenders;

/// <summary>
/// A native allocator called without the switch to preemptive mode, which halves the price of a short call: the best that a
/// native library can do in .NET. A measuring device, not advice: a call that maps memory or waits for a lock holds up every
/// garbage collection meanwhile.
/// </summary>
internal readonly unsafe struct UntransitionedSession(NativeExports exports) : IHeapSession
{
    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nuint, void*> _malloc =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nuint, void*>)exports.Malloc;

    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nuint, nuint, void*> _calloc =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nuint, nuint, void*>)exports.Calloc;

    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<void*, nuint, void*> _realloc =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<void*, nuint, void*>)exports.Realloc;

    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<void*, void> _free =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<void*, void>)exports.Free;

    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<nuint, nuint, void*> _memalign =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<nuint, nuint, void*>)exports.Memalign;

    private readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<void**, nuint, nuint, int> _posixMemalign =
        (delegate* unmanaged[Cdecl, SuppressGCTransition]<void**, nuint, nuint, int>)exports.PosixMemalign;

    public AddressBlock Allocate(nuint byteCount) => new(_malloc(byteCount));

    public AddressBlock AllocateZeroed(nuint byteCount) => new(_calloc(1, byteCount));

    public AddressBlock AllocateAligned(nuint byteCount, nuint alignment)
    {
        if (_memalign != null)
            return new AddressBlock(_memalign(alignment, byteCount));
        void* block;
        int error = _posixMemalign(&block, Math.Max(alignment, (nuint)sizeof(void*)), byteCount);
        return error == 0 ? new AddressBlock(block) : throw new OutOfMemoryException();
    }

    public AddressBlock Reallocate(AddressBlock block, nuint byteCount) => new(_realloc(block.Address, byteCount));

    public void Free(AddressBlock block) => _free(block.Address);

    public void Dispose()
    {
    }
}
