using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Gate.Reference;

/// <summary>A magazine of <see cref="ReferenceHeap"/>: a counted stack of blocks.</summary>
internal unsafe struct ReferenceMagazine
{
    public const int SlotCount = 126;

    public int Count;
    public int Capacity;

    /// <summary>The magazine below in the depot of full ones.</summary>
    public nuint Next;

    public fixed ulong Slots[SlotCount];

    /// <summary>Makes an empty magazine; with capacity 0 it is for ever both empty and full.</summary>
    public static ReferenceMagazine* Create(int capacity)
    {
        ReferenceMagazine* magazine = (ReferenceMagazine*)NativeMemory.AllocZeroed((nuint)sizeof(ReferenceMagazine));
        magazine->Capacity = capacity;
        return magazine;
    }
}
