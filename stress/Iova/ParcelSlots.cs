namespace MagAlloc.Stress.Iova;

/// <summary>
/// Where lanes hand ranges to each other: a slot for each lane, with a parcel or nothing in it, swapped by one exchange. Who finds a
/// parcel in the slot gets it and takes care of it, so no thread waits, and a lane that stalls piles nothing up.
/// </summary>
internal sealed class ParcelSlots(int lanes)
{
    // One slot a pair of cache lines, so that lanes meet in the exchange only.
    private const int Stride = 128 / sizeof(long);

    private readonly RangeParcel?[] _slots = new RangeParcel?[(lanes + 1) * Stride];

    public RangeParcel? Exchange(int lane, RangeParcel? parcel) => Interlocked.Exchange(ref _slots[(lane + 1) * Stride], parcel);

    /// <summary>Takes a parcel out of any slot; null when all are empty. For the end of a run.</summary>
    public RangeParcel? TakeAny()
    {
        for (int lane = 0; lane < lanes; lane++)
        {
            if (Exchange(lane, null) is { } parcel)
                return parcel;
        }

        return null;
    }
}
