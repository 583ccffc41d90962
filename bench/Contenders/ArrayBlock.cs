using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Contenders;

/// <summary>A rented array.</summary>
internal readonly struct ArrayBlock(byte[] array) : IBlock
{
    public readonly byte[] Array = array;

    public bool IsNone => Array is null;

    // Without the bounds check, as the blocks of the others have none.
    public void Touch() => MemoryMarshal.GetArrayDataReference(Array) = 1;

    public Span<byte> Bytes(int count) => MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(Array), count);
}
