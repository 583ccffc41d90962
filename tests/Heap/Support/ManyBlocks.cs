namespace MagAlloc.Tests.Heap.Support;

/// <summary>Many blocks of one size, in plain loops: bursts fill and empty magazines.</summary>
internal static unsafe class ManyBlocks
{
    /// <returns>How many were allocated: all, or fewer when memory ran out.</returns>
    public static int AllocateMany(this NativeHeap heap, nuint byteCount, Span<nint> blocks)
    {
        for (int i = 0; i < blocks.Length; i++)
        {
            if (!heap.TryAllocate(byteCount, out void* block))
            {
                return i;
            }

            blocks[i] = (nint)block;
        }

        return blocks.Length;
    }

    public static void FreeMany(this NativeHeap heap, ReadOnlySpan<nint> blocks)
    {
        foreach (nint block in blocks)
        {
            heap.Free((void*)block);
        }
    }
}
