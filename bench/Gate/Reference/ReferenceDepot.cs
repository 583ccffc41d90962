using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Gate.Reference;

/// <summary>
/// Behind the magazines of <see cref="ReferenceHeap"/>: full ones and fresh memory, under one lock. A class of its own, so that its
/// static constructor is no business of the fast path.
/// </summary>
internal static unsafe class ReferenceDepot
{
    private const int ChunkBytes = 256 * 1024;
    private const nuint BatchBytes = 4096;

    private static readonly Lock s_lock = new();
    private static readonly nuint* s_full = (nuint*)NativeMemory.AllocZeroed(ReferenceClasses.Count + 1, (nuint)sizeof(nuint));
    private static byte* s_chunk;
    private static nuint s_chunkRest;

    /// <summary>Gives the entry a full magazine for its empty one, or fresh blocks.</summary>
    public static void Refill(ReferenceEntry* entry, int code)
    {
        lock (s_lock)
        {
            ReferenceMagazine* full = (ReferenceMagazine*)s_full[code];
            if (full != null)
            {
                s_full[code] = full->Next;
                NativeMemory.Free(entry->Loaded);
                entry->Loaded = full;
                return;
            }

            nuint blockBytes = ReferenceClasses.SizeOf(code) + ReferenceHeader.Bytes;
            int blocks = (int)Math.Clamp(BatchBytes / blockBytes, 1, ReferenceMagazine.SlotCount);
            for (int i = 0; i < blocks; i++)
            {
                byte* block = Carve(blockBytes) + ReferenceHeader.Bytes;
                *ReferenceHeader.Of(block) = new ReferenceHeader { Code = code, Usable = ReferenceClasses.SizeOf(code) };
                entry->Loaded->Slots[entry->Loaded->Count++] = (nuint)block;
            }
        }
    }

    /// <summary>Takes the entry's full magazine and gives it an empty one.</summary>
    public static void Spill(ReferenceEntry* entry, int code)
    {
        lock (s_lock)
        {
            entry->Loaded->Next = s_full[code];
            s_full[code] = (nuint)entry->Loaded;
            entry->Loaded = ReferenceMagazine.Create(ReferenceMagazine.SlotCount);
        }
    }

    private static byte* Carve(nuint byteCount)
    {
        if (s_chunkRest < byteCount)
        {
            s_chunk = (byte*)NativeMemory.AlignedAlloc(ChunkBytes, BatchBytes);
            s_chunkRest = ChunkBytes;
        }

        byte* carved = s_chunk;
        s_chunk += byteCount;
        s_chunkRest -= byteCount;
        return carved;
    }
}
