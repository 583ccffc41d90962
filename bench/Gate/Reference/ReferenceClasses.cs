using System.Numerics;
using System.Runtime.CompilerServices;

namespace MagAlloc.Bench.Gate.Reference;

/// <summary>
/// The size classes of <see cref="ReferenceHeap"/>: a copy of the engine's as they were when the first ratios were recorded, and
/// frozen like the rest, because the engine's may change.
/// </summary>
internal static class ReferenceClasses
{
    public const int Count = 72;

    /// <summary>Largest block of a class, in bytes.</summary>
    public const int Largest = 32 * 1024;

    /// <summary>The code of blocks that the C library serves. Its magazines are for ever full.</summary>
    public const int Large = 0;

    /// <summary>The code in front of an aligned block. Its magazines are for ever full.</summary>
    public const int Aligned = Count + 1;

    /// <summary>The code of the smallest class that holds <paramref name="last"/> + 1 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CodeOf(nuint last)
    {
        int log = BitOperations.Log2((uint)last | 255);
        return ((log - 7) << 3) + (int)((uint)last >> (log - 3)) + 1;
    }

    public static nuint SizeOf(int code)
    {
        int index = code - 1;
        if (index < 16)
            return (nuint)((index + 1) * 16);
        int log = (index >> 3) + 6;
        return (nuint)(((index & 7) + 9) << (log - 3));
    }
}
