namespace MagAlloc.Bench.Contenders;

/// <summary>The pool that nearly every code base has once: a stack of arrays of one size under a lock.</summary>
internal readonly struct LockedStackSession(Stack<byte[]> free, Lock gate) : IAllocatorSession<ArrayBlock>
{
    public ArrayBlock Allocate(nuint byteCount)
    {
        lock (gate)
        {
            if (free.TryPop(out byte[]? array))
                return new ArrayBlock(array);
        }

        return new ArrayBlock(new byte[Item64.Bytes]);
    }

    public void Free(ArrayBlock block)
    {
        lock (gate)
            free.Push(block.Array);
    }

    public void Dispose()
    {
    }
}
