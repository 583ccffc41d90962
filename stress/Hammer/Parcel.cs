using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MagAlloc.Stress.Hammer;

/// <summary>
/// Blocks on their way to another thread: one pointer to exchange for up to 16 of them. Lies in native memory of the C
/// library, as every book of the oracle does.
/// </summary>
internal unsafe struct Parcel
{
    public const int Capacity = 16;

    public int Count;
    public BlockArray Blocks;

    public static Parcel* New()
    {
        Parcel* parcel = (Parcel*)NativeMemory.Alloc((nuint)sizeof(Parcel));
        parcel->Count = 0;
        return parcel;
    }

    public static void Delete(Parcel* parcel) => NativeMemory.Free(parcel);

    [InlineArray(Capacity)]
    public struct BlockArray
    {
        private LiveBlock _first;
    }
}
