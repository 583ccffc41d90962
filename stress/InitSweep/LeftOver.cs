namespace MagAlloc.Stress.InitSweep;

/// <summary>What an attempt left behind in the process.</summary>
internal readonly record struct LeftOver(long Bytes, long Mappings, int Threads, int Descriptors)
{
    public bool IsNothing => Bytes == 0 && Mappings == 0 && Threads == 0 && Descriptors == 0;

    /// <summary>The lesser of both in every respect: what two repetitions have in common.</summary>
    public LeftOver CommonWith(LeftOver other) =>
        new(Math.Min(Bytes, other.Bytes), Math.Min(Mappings, other.Mappings), Math.Min(Threads, other.Threads), Math.Min(Descriptors, other.Descriptors));

    public override string ToString() => $"{Bytes} B in {Mappings} mappings, {Threads} threads, {Descriptors} descriptors";
}
