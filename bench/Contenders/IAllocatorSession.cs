namespace MagAlloc.Bench.Contenders;

/// <summary>
/// One thread's access to an allocator, passed by value into every measured loop, where its fields live in registers. A struct,
/// and possibly a <c>ref struct</c>: calls through the type argument are static and are inlined, so no contender pays for the
/// harness, and a handle that must not leave the stack takes part like any other.
/// </summary>
internal interface IAllocatorSession<TBlock> : IDisposable
    where TBlock : struct, IBlock
{
    TBlock Allocate(nuint byteCount);

    void Free(TBlock block);
}
