using System.Runtime.CompilerServices;

namespace MagAlloc.Magazines;

/// <summary>The layout of a magazine, and the arithmetic on its top-of-stack pointer.</summary>
/// <remarks>
/// <para>A magazine is 1,024 bytes at a 1,024-byte boundary: one header word and 127 slots, the proportions of
/// <c>struct iova_magazine</c>. A magazine of a class with a smaller capacity c uses the last c slots; the slot below
/// them is its <em>bottom</em>. With 127 slots the bottom is the header word itself.</para>
/// <para>A <em>top</em> points at the slot filled last. Two tests need no count and no capacity:</para>
/// <list type="bullet">
/// <item>empty: the bottom holds 0 while the magazine is attached to a thread, and no resource is 0, so the slot that an
/// allocation reads anyway says it;</item>
/// <item>full: the top is the last slot, so its low ten bits are 1,016, whatever the capacity.</item>
/// </list>
/// <para>Off a thread the header word is the link of the stack that the magazine lies on: as in the kernel, one word serves
/// both, because only full magazines lie in a depot and only empty ones on the stack of empties.</para>
/// </remarks>
internal static unsafe class Magazine
{
    /// <summary>Size and alignment in bytes.</summary>
    public const int Bytes = 1024;

    /// <summary>Binary logarithm of <see cref="Bytes"/>.</summary>
    public const int Shift = 10;

    /// <summary>The largest capacity: the slots beside the header word.</summary>
    public const int Slots = (Bytes / 8) - 1;

    /// <summary>Low ten bits of the top of a full magazine.</summary>
    public const int FullOffset = Bytes - 8;

    private const nuint OffsetMask = Bytes - 1;

    /// <summary>A top that no magazine has: full, so that a free takes the slow path before it is followed.</summary>
    public static nuint* NoneFull => (nuint*)FullOffset;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsFull(nuint* top) => IsEnd(top + 1);

    /// <summary>Whether a slot is the one behind a magazine's last: what would be the next top of a full magazine.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsEnd(nuint* slot) => ((nuint)slot & OffsetMask) == 0;

    /// <summary>Address of the magazine that a top points into.</summary>
    public static byte* Base(nuint* top) => (byte*)((nuint)top & ~OffsetMask);

    /// <summary>Address of the bottom slot of the magazine at <paramref name="magazine"/>.</summary>
    public static nuint* Bottom(byte* magazine, int capacity) => (nuint*)(magazine + FullOffset) - capacity;

    /// <summary>Resources in the magazine that <paramref name="top"/> points into.</summary>
    public static int Count(nuint* top, int capacity) => capacity - (int)((FullOffset - ((nuint)top & OffsetMask)) / 8);

    /// <summary>Makes an attached magazine empty and returns its top.</summary>
    public static nuint* Attach(byte* magazine, int capacity)
    {
        nuint* bottom = Bottom(magazine, capacity);
        *bottom = 0;
        return bottom;
    }

    /// <summary>Attaches a magazine that came full from a depot and returns its top.</summary>
    public static nuint* AttachFull(byte* magazine, int capacity)
    {
        // With 127 slots the link of the depot's stack lies where the bottom's 0 must be.
        *Bottom(magazine, capacity) = 0;
        return (nuint*)(magazine + FullOffset);
    }
}
