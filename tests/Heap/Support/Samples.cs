namespace MagAlloc.Tests.Heap.Support;

/// <summary>Sizes worth testing.</summary>
internal static class Samples
{
    /// <summary>Every power of two and its neighbours up to 1 MiB, the steps in between, and some odd ones.</summary>
    public static IEnumerable<nuint> BoundarySizes(nuint max = 4 << 20)
    {
        SortedSet<nuint> sizes = [0, 1, 7, 8, 9, 15, 16, 17, 24, 33, 100, 1000];
        for (nuint power = 16; power <= max; power *= 2)
        {
            for (nuint part = 4; part < 8; part++)
            {
                nuint size = power / 4 * part;
                sizes.Add(size - 1);
                sizes.Add(size);
                sizes.Add(size + 1);
            }
        }

        return sizes.Where(size => size <= max);
    }

    /// <summary>
    /// The largest size of each size class up to <paramref name="max"/>, found through the public surface: the usable
    /// size of a block of size n is the end of n's class.
    /// </summary>
    public static unsafe List<nuint> ClassSizes(NativeHeap heap, nuint max)
    {
        List<nuint> sizes = [];
        nuint size = 1;
        while (size <= max)
        {
            void* block = heap.Allocate(size);
            nuint usable = heap.UsableSize(block);
            heap.Free(block);
            sizes.Add(usable);
            size = usable + 1;
        }

        return sizes;
    }
}
