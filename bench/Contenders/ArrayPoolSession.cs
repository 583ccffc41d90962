using System.Buffers;

namespace MagAlloc.Bench.Contenders;

/// <summary><see cref="ArrayPool{T}.Shared"/>: managed memory, but what most programs use today.</summary>
internal readonly struct ArrayPoolSession : IAllocatorSession<ArrayBlock>
{
    public ArrayBlock Allocate(nuint byteCount) => new(ArrayPool<byte>.Shared.Rent((int)byteCount));

    public void Free(ArrayBlock block) => ArrayPool<byte>.Shared.Return(block.Array);

    public void Dispose()
    {
    }
}
