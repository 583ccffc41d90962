using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Gate.Reference;

/// <summary>
/// What the gate's ratios are relative to: the plainest allocator with two magazines for each thread and size class. Its loads,
/// stores and branches are of the same kinds as the engine's, so whatever slows one (a lower clock, a neighbour in the cache)
/// slows the other alike, and the ratio stands still. <b>Frozen</b>: every recorded ratio is in terms of this code. Never optimise
/// or repair it; whoever must change it records all ratios anew.
/// </summary>
/// <remarks>Blocks are never given back to the operating system, and a dead thread's magazines are lost.</remarks>
internal static unsafe class ReferenceHeap
{
    [ThreadStatic]
    private static ReferenceEntry* t_entries;

    public static void* Allocate(nuint byteCount)
    {
        nuint last = byteCount - 1;
        ReferenceEntry* entries = t_entries;
        if (last < ReferenceClasses.Largest && entries != null)
        {
            ReferenceMagazine* magazine = entries[ReferenceClasses.CodeOf(last)].Loaded;
            int count = magazine->Count;
            if (count != 0)
            {
                magazine->Count = count - 1;
                return (void*)magazine->Slots[count - 1];
            }
        }

        return AllocateSlow(byteCount);
    }

    public static void Free(void* block)
    {
        ReferenceEntry* entries = t_entries;
        if (block != null && entries != null)
        {
            ReferenceMagazine* magazine = entries[ReferenceHeader.Of(block)->Code].Loaded;
            int count = magazine->Count;
            if (count < magazine->Capacity)
            {
                magazine->Slots[count] = (nuint)block;
                magazine->Count = count + 1;
                return;
            }
        }

        FreeSlow(block);
    }

    public static void* AllocateZeroed(nuint byteCount)
    {
        void* block = Allocate(byteCount);
        NativeMemory.Clear(block, byteCount);
        return block;
    }

    public static void* AllocateAligned(nuint byteCount, nuint alignment)
    {
        if (alignment <= ReferenceHeader.Bytes)
            return Allocate(byteCount);

        // A second header in front of the aligned block leads to the one that owns it.
        byte* whole = (byte*)Allocate(byteCount + alignment + ReferenceHeader.Bytes);
        byte* block = (byte*)((nuint)(whole + ReferenceHeader.Bytes + alignment - 1) & ~(alignment - 1));
        *ReferenceHeader.Of(block) = new ReferenceHeader
        {
            Code = ReferenceClasses.Aligned,
            Inset = (int)(block - whole),
            Usable = ReferenceHeader.Of(whole)->Usable - (nuint)(block - whole),
        };
        return block;
    }

    public static void* Reallocate(void* block, nuint byteCount)
    {
        if (block == null)
            return Allocate(byteCount);
        nuint usable = ReferenceHeader.Of(block)->Usable;
        if (byteCount <= usable && byteCount > usable / 2)
            return block;
        void* moved = Allocate(byteCount);
        nuint kept = Math.Min(usable, byteCount);
        Buffer.MemoryCopy(block, moved, kept, kept);
        Free(block);
        return moved;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void* AllocateSlow(nuint byteCount)
    {
        nuint last = Math.Max(byteCount, 1) - 1;
        if (last >= ReferenceClasses.Largest)
        {
            byte* large = (byte*)NativeMemory.Alloc(byteCount + ReferenceHeader.Bytes) + ReferenceHeader.Bytes;
            *ReferenceHeader.Of(large) = new ReferenceHeader { Code = ReferenceClasses.Large, Usable = byteCount };
            return large;
        }

        int code = ReferenceClasses.CodeOf(last);
        ReferenceEntry* entry = Entries() + code;
        if (entry->Loaded->Count == 0)
            entry->Swap();
        if (entry->Loaded->Count == 0)
            ReferenceDepot.Refill(entry, code);
        ReferenceMagazine* magazine = entry->Loaded;
        return (void*)magazine->Slots[--magazine->Count];
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FreeSlow(void* block)
    {
        if (block == null)
            return;
        ReferenceHeader* header = ReferenceHeader.Of(block);
        if (header->Code == ReferenceClasses.Large)
        {
            NativeMemory.Free(header);
            return;
        }

        if (header->Code == ReferenceClasses.Aligned)
        {
            Free((byte*)block - header->Inset);
            return;
        }

        ReferenceEntry* entry = Entries() + header->Code;
        if (entry->Loaded->Count == entry->Loaded->Capacity)
            entry->Swap();
        if (entry->Loaded->Count == entry->Loaded->Capacity)
            ReferenceDepot.Spill(entry, header->Code);
        ReferenceMagazine* magazine = entry->Loaded;
        magazine->Slots[magazine->Count++] = (nuint)block;
    }

    private static ReferenceEntry* Entries()
    {
        if (t_entries == null)
            t_entries = ReferenceEntry.CreateAll();
        return t_entries;
    }
}
