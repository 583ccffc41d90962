using System.Runtime.InteropServices;

namespace MagAlloc.Tooling.Traces;

/// <summary>One record of a trace, as it lies in the file (little-endian, 16 bytes).</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct TraceRecord
{
    public const int Bytes = 16;

    public TraceOperation Operation;

    /// <summary>Power of two of the alignment of <see cref="TraceOperation.AllocateAligned"/>, else 0.</summary>
    public byte Log2Alignment;

    /// <summary>1-based number of the calling thread.</summary>
    public ushort Thread;

    /// <summary>The object. In a loaded <see cref="AllocationTrace"/> the objects are renumbered 0, 1, 2, … in the order of their birth.</summary>
    public uint Id;

    /// <summary>Bytes asked for; 0 for <see cref="TraceOperation.Free"/>.</summary>
    public ulong Size;
}
