using System.Collections.Concurrent;

namespace MagAlloc.Bench.Contenders;

/// <summary>A pool as programs write it for themselves: a queue of arrays of one size, where an empty queue means a new array.</summary>
internal readonly struct ConcurrentQueueSession(ConcurrentQueue<byte[]> free) : IAllocatorSession<ArrayBlock>
{
    public ArrayBlock Allocate(nuint byteCount) => new(free.TryDequeue(out byte[]? array) ? array : new byte[Item64.Bytes]);

    public void Free(ArrayBlock block) => free.Enqueue(block.Array);

    public void Dispose()
    {
    }
}
