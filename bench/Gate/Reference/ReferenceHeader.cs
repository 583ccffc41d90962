using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Gate.Reference;

/// <summary>What lies in front of each block of <see cref="ReferenceHeap"/>.</summary>
[StructLayout(LayoutKind.Sequential, Size = Bytes)]
internal unsafe struct ReferenceHeader
{
    public const int Bytes = 16;

    public int Code;

    /// <summary>Of an aligned block: how far it lies behind the block that it was cut out of.</summary>
    public int Inset;

    public nuint Usable;

    public static ReferenceHeader* Of(void* block) => (ReferenceHeader*)block - 1;
}
