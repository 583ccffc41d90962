using System.Runtime.InteropServices;

namespace MagAlloc.Iova.Ranges;

/// <summary>
/// One share of a <see cref="RangeTree"/>'s books, on cache lines of its own; a thread writes to the one its number selects.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct RangeStripe
{
    /// <summary>Units claimed less units freed.</summary>
    [FieldOffset(0)]
    public long Units;

    /// <summary>Ranges claimed since the start, and claims that gave up.</summary>
    [FieldOffset(8)]
    public long Claimed;

    /// <summary>Ranges freed since the start, and claims that gave up: what a search that found nothing watches.</summary>
    [FieldOffset(16)]
    public long Freed;

    /// <summary>Words and entries that searches looked at.</summary>
    [FieldOffset(24)]
    public long Steps;

    /// <summary>Numbers handed out to passes over free runs.</summary>
    [FieldOffset(32)]
    public long Passes;
}
