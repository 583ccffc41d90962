namespace MagAlloc.Iova;

/// <summary>The pfns that a domain hands out, and its two parts: what lies below 4 GiB, and the others.</summary>
internal readonly struct IovaSpace
{
    private const int Dma32Bits = 32;

    public IovaSpace(int shift, ulong start, ulong last)
    {
        Shift = shift;
        Start = start;
        Last = last;
        Dma32Last = Math.Min(last, shift >= Dma32Bits ? 0 : (1UL << (Dma32Bits - shift)) - 1);

        // With granules above 128 MiB a cached range may be larger than the lower part. It begins at 0 then, lies in the lower class, and
        // no request with a low limit comes so far as to look there for one of its order.
        HasLower = Dma32Last < last && start <= Dma32Last;
        UpperStart = HasLower ? Dma32Last + 1 : start;
    }

    /// <summary>Binary logarithm of the granule.</summary>
    public int Shift { get; }

    public ulong Start { get; }

    public ulong Last { get; }

    public ulong Dma32Last { get; }

    /// <summary>Whether there are pfns in both parts. Else all is upper part.</summary>
    public bool HasLower { get; }

    public ulong UpperStart { get; }

    public bool Contains(ulong first, ulong last) => first >= Start && last <= Last && first <= last;

    /// <summary>Whether so many pfns lie between the start and a limit. Without a sum that could wrap.</summary>
    public bool Fits(ulong size, ulong limit) => limit >= Start && size - 1 <= limit - Start;

    /// <summary>A space of 2^64 addresses has more bytes than a long: then as many as one holds.</summary>
    public long ToBytes(long units) => (long)UInt128.Min((UInt128)Math.Max(0, units) << Shift, long.MaxValue);
}
