namespace MagAlloc.Bench.Workloads;

/// <summary>
/// A generator of its own for each lane, in three shifts: a shared one, or one with a lock, would be what a benchmark measures.
/// The upper bits are the good ones.
/// </summary>
internal struct XorShift64(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        ulong x = _state;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        _state = x;
        return x;
    }
}
