namespace MagAlloc.Stress.Verification;

/// <summary>
/// A small generator of its own for every thread: no lock, no shared line (a shared generator would be what a stress run
/// measures), and the same seed gives the same choices in every run.
/// </summary>
internal struct SplitMix64(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, bound); the bias of the multiply-shift is far below what a stress run could notice.</summary>
    public uint Below(uint bound) => (uint)(((Next() >> 32) * bound) >> 32);

    public ulong Between(ulong lowest, ulong highest) => lowest + (Next() % (highest - lowest + 1));

    /// <summary>True in <paramref name="percent"/> of 100 calls.</summary>
    public bool Chance(int percent) => Below(100) < (uint)percent;
}
