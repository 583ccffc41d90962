using System.Runtime.CompilerServices;

namespace MagAlloc.Iova.Ranges;

/// <summary>What a <see cref="RangeTree"/> notes of the free runs below an entry: one 64-bit word.</summary>
/// <remarks>
/// Zeroed memory says nothing. A note: from any unit that is a multiple of 2^alignment on, at most so many units are free in a row
/// (low 40 bits: their number + 1; above, 6 bits: the alignment). A pass that is looking: the highest bit, and the pass's number.
/// </remarks>
internal static class RangeLongest
{
    /// <summary>Words an entry: one for runs of any place, one for those with an alignment.</summary>
    public const int Slots = 2;

    public const ulong Nothing = 0;

    private const int AlignmentShift = 40;
    private const ulong LengthMask = (1UL << AlignmentShift) - 1;
    private const ulong PassFlag = 1UL << 63;

    /// <summary>The word of a pass that is looking. No two passes have the same one.</summary>
    public static ulong OfPass(long number) => PassFlag | (ulong)number;

    public static ulong Of(int alignment, ulong length) => ((ulong)alignment << AlignmentShift) | (length + 1);

    public static bool IsNote(ulong word) => word != Nothing && (word & PassFlag) == 0;

    public static int Alignment(ulong word) => (int)(word >> AlignmentShift);

    public static ulong Length(ulong word) => (word & LengthMask) - 1;

    /// <summary>An upper bound on the free run from a unit of this alignment on. A smaller alignment includes the larger ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Bound(ulong word, int alignment) => IsNote(word) && Alignment(word) <= alignment ? Length(word) : ulong.MaxValue;
}
