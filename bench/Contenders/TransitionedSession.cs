namespace MagAlloc.Bench.Contenders;

/// <summary>
/// A native allocator called by an ordinary P/Invoke, with its switch to preemptive mode and back: how bindings ship.
/// </summary>
internal readonly unsafe struct TransitionedSession(NativeExports exports) : IHeapSession
{
    private readonly delegate* unmanaged[Cdecl]<nuint, void*> _malloc =
        (delegate* unmanaged[Cdecl]<nuint, void*>)exports.Malloc;

    private readonly delegate* unmanaged[Cdecl]<nuint, nuint, void*> _calloc =
        (delegate* unmanaged[Cdecl]<nuint, nuint, void*>)exports.Calloc;

    private readonly delegate* unmanaged[Cdecl]<void*, nuint, void*> _realloc =
        (delegate* unmanaged[Cdecl]<void*, nuint, void*>)exports.Realloc;

    private readonly delegate* unmanaged[Cdecl]<void*, void> _free =
        (delegate* unmanaged[Cdecl]<void*, void>)exports.Free;

    private readonly delegate* unmanaged[Cdecl]<nuint, nuint, void*> _memalign =
        (delegate* unmanaged[Cdecl]<nuint, nuint, void*>)exports.Memalign;

    private readonly delegate* unmanaged[Cdecl]<void**, nuint, nuint, int> _posixMemalign =
        (delegate* unmanaged[Cdecl]<void**, nuint, nuint, int>)exports.PosixMemalign;

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
