namespace MagAlloc.Bench.Workloads;

/// <summary>
/// A generator of its own for each lane, in three shifts: a shared one, or one with a lock, would be what a benchmark measures.
/// The upper bits are the good ones.
/// </summary>
internal struct XorShift64(ulong seed)
{
    private ulong _state = seed;

    /// <summary>The generator of a lane or a thread: the same numbers in every run, others for each.</summary>
    public static XorShift64 Numbered(long number)
    {
        // Neighbouring seeds would give neighbouring first numbers; the multiplications of SplitMix64 part them.
        ulong z = (ulong)(number + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return new XorShift64((z ^ (z >> 31)) | 1);
    }

    /// <summary>The upper half of a number brought into 0..<paramref name="bound"/> − 1 by a multiplication instead of a division.</summary>
    public static int UpperBelow(ulong number, int bound) => (int)(((number >> 32) * (uint)bound) >> 32);

    /// <summary>The same by 24 bits below the upper half: a second choice out of one number.</summary>
    public static int MiddleBelow(ulong number, int bound) => (int)((((number >> 8) & 0xFFFFFF) * (uint)bound) >> 24);

    public ulong Next()
    {
        ulong x = _state;
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        _state = x;
        return x;
    }

    /// <summary>Brings the values into a random order.</summary>
    public void Shuffle(int[] values)
    {
        for (int i = values.Length; i > 1; i--)
        {
            int other = Below(i);
            (values[i - 1], values[other]) = (values[other], values[i - 1]);
        }
    }

    /// <summary>A number from 0 to <paramref name="bound"/> − 1.</summary>
    public int Below(int bound) => UpperBelow(Next(), bound);
}
