using System.Numerics;
using System.Runtime.CompilerServices;

namespace MagAlloc.Slabs;

/// <summary>The heap's size classes: 16-byte steps up to 256 bytes, then eight to each doubling, up to 1 MiB.</summary>
/// <remarks>
/// <para>Rounding up wastes at most 1/9 of a block above 128 bytes. The code of a size is arithmetic on its leading bit, not
/// a table: three dependent instructions more than a load, but no cache line, no mispredicted branch on mixed sizes, and a
/// constant when the size is one.</para>
/// <para>Codes run from 1; 0 is the page map's value for memory of no class.</para>
/// </remarks>
internal static class SizeClasses
{
    /// <summary>Number of classes.</summary>
    public const int Count = 112;

    /// <summary>Largest block of a class, in bytes. What is larger is a run of chunks.</summary>
    public const int LargestBlock = 1024 * 1024;

    /// <summary>Largest block of which magazines hold several; of each larger class a thread keeps one block at most.</summary>
    public const int LargestShared = 32 * 1024;

    /// <summary>The last class of which a magazine holds more than three blocks: 12 KiB.</summary>
    public const int LastOfMany = 60;

    /// <summary>Every block is aligned to this many bytes.</summary>
    public const int Granule = 16;

    // Up to twice 128 bytes the steps are the granule; 8 = 1 << StepShift steps to a doubling above.
    private const int LinearLimit = 256;
    private const int StepShift = 3;

    /// <summary>The code of the smallest class that holds <paramref name="last"/> + 1 bytes.</summary>
    /// <param name="last">Size - 1; below <see cref="LargestBlock"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CodeOf(nuint last)
    {
        int log = BitOperations.Log2((uint)last | (LinearLimit - 1));
        return ((log - 7) << StepShift) + (int)((uint)last >> (log - StepShift)) + 1;
    }

    /// <summary>Block size in bytes of the class with the given code.</summary>
    public static int SizeOf(int code)
    {
        int index = code - 1;
        if (index < 16)
        {
            return (index + 1) * Granule;
        }

        int log = (index >> StepShift) + 6;
        return ((index & 7) + 9) << (log - StepShift);
    }

    /// <summary>The code of the smallest class whose blocks hold a size at an alignment.</summary>
    /// <param name="byteCount">1 to <see cref="LargestBlock"/>.</param>
    /// <param name="alignment">A power of two up to the chunk size.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CodeOfAligned(nuint byteCount, nuint alignment)
    {
        // Slabs begin at multiples of the chunk size, so a block is aligned when its class's size is a multiple. Where the steps between
        // classes are multiples of the alignment, all sizes are; where they are smaller, they divide it, and the rounded size is a class's.
        return CodeOf(((byteCount + alignment - 1) & ~(alignment - 1)) - 1);
    }
}
