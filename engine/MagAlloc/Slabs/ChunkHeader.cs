using System.Runtime.InteropServices;

namespace MagAlloc.Slabs;

/// <summary>What the arena knows of one chunk; out of line, in an array indexed by chunk number.</summary>
/// <remarks>Headers inside chunks would all fall into the same cache sets; a dense array does not.</remarks>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct ChunkHeader
{
    /// <summary><see cref="SlabState"/> of the slab that begins here.</summary>
    [FieldOffset(0)]
    public ulong Slab;

    /// <summary>Bit i: page i of the chunk is committed.</summary>
    [FieldOffset(8)]
    public uint Pages;

    /// <summary>The reclaim pass in which a block last came back to the slab, or in which the chunk was freed.</summary>
    [FieldOffset(12)]
    public int LastReturn;

    /// <summary>1: blocks came back since the slab's free pages were last decommitted.</summary>
    [FieldOffset(16)]
    public int Purgeable;

    /// <summary>Chunks of the run that begins here; 0 when none does.</summary>
    [FieldOffset(20)]
    public int RunChunks;

    /// <summary>Bytes that the owner of the run asked for.</summary>
    [FieldOffset(24)]
    public ulong RunBytes;

    /// <summary>1: a block of the slab that begins here serves a size of a smaller class (<see cref="SlabSpace.NoteShrunk"/>).</summary>
    [FieldOffset(32)]
    public int Shrunk;
}
