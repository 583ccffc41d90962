using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Contenders;

/// <summary>A rented array.</summary>
internal readonly struct ArrayBlock(byte[] array) : IBlock
{
    public readonly byte[] Array = array;

    // Without the bounds check, as the blocks of the others have none.
    public void Touch() => MemoryMarshal.GetArrayDataReference(Array) = 1;
}
