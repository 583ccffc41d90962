using System.Runtime.InteropServices;

namespace MagAlloc.Stress.Hammer;

/// <summary>
/// Where lanes hand blocks to each other: a few slots for each lane, a parcel or nothing in each, swapped by one exchange.
/// Bounded and lock-free: a sender whose slot is taken gets the parcel that lay there and takes care of it himself, so no
/// thread ever waits, and a lane that stalls cannot pile up blocks.
/// </summary>
internal sealed unsafe class HandOverSlots : IDisposable
{
    private const int SlotsOfLane = 8;

    // One slot a cache line (128: adjacent lines are fetched in pairs), so that lanes meet in the exchange only.
    private const int Stride = 128 / sizeof(long);

    private nint* _slots;

    public HandOverSlots(int lanes)
    {
        Lanes = lanes;
        nuint bytes = (nuint)(lanes * SlotsOfLane * Stride * sizeof(nint));
        _slots = (nint*)NativeMemory.AlignedAlloc(bytes, 128);
        NativeMemory.Clear(_slots, bytes);
    }

    public int Lanes { get; }

    /// <summary>Puts <paramref name="parcel"/> into a slot of <paramref name="lane"/>; returns the parcel that lay there, or null.</summary>
    public Parcel* Exchange(int lane, uint choice, Parcel* parcel) =>
        (Parcel*)Interlocked.Exchange(ref _slots[((lane * SlotsOfLane) + (choice % SlotsOfLane)) * Stride], (nint)parcel);

    /// <summary>Takes what lies in any slot, or null when all are empty; for the end of a run.</summary>
    public Parcel* TakeAny()
    {
        for (int i = 0; i < Lanes * SlotsOfLane; i++)
        {
            nint parcel = Interlocked.Exchange(ref _slots[i * Stride], 0);
            if (parcel != 0)
                return (Parcel*)parcel;
        }

        return null;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_slots);
        _slots = null;
    }
}
