using System.Runtime.CompilerServices;

namespace MagAlloc.Slabs;

/// <summary>The authority over a slab, in one 64-bit word: generation (high 32 bits), class code (16), free blocks (16).</summary>
/// <remarks>
/// The generation moves when a slab is made and when it is retired, so a compare-and-swap prepared against a slab that is
/// gone fails even if the chunk serves the same class again with the same number of free blocks.
/// </remarks>
internal static class SlabState
{
    private const int CodeShift = 16;
    private const int GenerationShift = 32;
    private const uint FieldMask = 0xFFFF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Free(ulong state) => (int)((uint)state & FieldMask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Code(ulong state) => (int)(((uint)state >> CodeShift) & FieldMask);

    /// <summary>The same slab with <paramref name="delta"/> more free blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong WithFree(ulong state, int delta) => unchecked(state + (ulong)(long)delta);

    /// <summary>A new slab in the chunk that was in <paramref name="state"/>.</summary>
    public static ulong Created(ulong state, int code, int free)
        => (((state >> GenerationShift) + 1) << GenerationShift) | ((ulong)(uint)code << CodeShift) | (uint)free;

    /// <summary>No slab in the chunk that was in <paramref name="state"/>.</summary>
    public static ulong Retired(ulong state) => ((state >> GenerationShift) + 1) << GenerationShift;
}
