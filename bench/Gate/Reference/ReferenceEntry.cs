using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Gate.Reference;

/// <summary>A thread's two magazines of one class in <see cref="ReferenceHeap"/>.</summary>
internal unsafe struct ReferenceEntry
{
    public ReferenceMagazine* Loaded;
    public ReferenceMagazine* Previous;

    public void Swap()
    {
        ReferenceMagazine* loaded = Loaded;
        Loaded = Previous;
        Previous = loaded;
    }

    /// <summary>Makes the entries of a thread, indexed by code.</summary>
    public static ReferenceEntry* CreateAll()
    {
        int codes = ReferenceClasses.Aligned + 1;
        ReferenceEntry* entries = (ReferenceEntry*)NativeMemory.AllocZeroed((nuint)codes, (nuint)sizeof(ReferenceEntry));
        for (int code = 0; code < codes; code++)
        {
            int capacity = code is ReferenceClasses.Large or ReferenceClasses.Aligned ? 0 : ReferenceMagazine.SlotCount;
            entries[code].Loaded = ReferenceMagazine.Create(capacity);
            entries[code].Previous = ReferenceMagazine.Create(capacity);
        }

        return entries;
    }
}
