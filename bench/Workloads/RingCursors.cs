using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Workloads;

/// <summary>
/// The two counters of a <see cref="BatchRing{TBlock}"/>, each on cache lines of its own: a processor fetches lines in pairs, so 128
/// bytes lie between them, and before and after them.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 384)]
internal struct RingCursors
{
    /// <summary>Batches filled so far; written by the producer.</summary>
    [FieldOffset(128)]
    public long Full;

    /// <summary>Batches emptied so far; written by the consumer.</summary>
    [FieldOffset(256)]
    public long Emptied;
}
