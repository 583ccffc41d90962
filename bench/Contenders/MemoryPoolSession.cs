using System.Buffers;

namespace MagAlloc.Bench.Contenders;

/// <summary><see cref="MemoryPool{T}.Shared"/>: the array pool behind owners, each of them an object of its own.</summary>
internal readonly struct MemoryPoolSession : IAllocatorSession<OwnerBlock>
{
    public OwnerBlock Allocate(nuint byteCount) => new(MemoryPool<byte>.Shared.Rent((int)byteCount));

    public void Free(OwnerBlock block) => block.Owner.Dispose();

    public void Dispose()
    {
    }
}
