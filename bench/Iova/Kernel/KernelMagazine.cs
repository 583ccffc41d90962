namespace MagAlloc.Bench.Iova.Kernel;

/// <summary>Up to 127 first pfns (<c>struct iova_magazine</c>).</summary>
internal sealed class KernelMagazine
{
    public const int Capacity = 127;

    public readonly ulong[] Pfns = new ulong[Capacity];
    public int Count;

    /// <summary>Of a magazine in the depot.</summary>
    public KernelMagazine? Next;

    public bool IsFull => Count == Capacity;

    /// <summary>Takes the topmost pfn that is at most the bound, and moves the top into its place; 0 when there is none.</summary>
    public ulong Pop(ulong highestFirst)
    {
        for (int i = Count - 1; i >= 0; i--)
        {
            ulong pfn = Pfns[i];
            if (pfn > highestFirst)
                continue;
            Pfns[i] = Pfns[--Count];
            return pfn;
        }

        return 0;
    }

    public void Push(ulong pfn) => Pfns[Count++] = pfn;
}
