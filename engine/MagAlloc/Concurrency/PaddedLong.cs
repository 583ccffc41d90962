using System.Runtime.InteropServices;

namespace MagAlloc.Concurrency;

/// <summary>A 64-bit word that shares its cache line, and the line the adjacent-line prefetcher brings, with nothing.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct PaddedLong
{
    [FieldOffset(128)]
    public long Value;
}
