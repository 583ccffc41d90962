namespace MagAlloc.Stress.Iova;

/// <summary>Ranges on their way to another thread.</summary>
internal sealed class RangeParcel
{
    public const int Capacity = 64;

    private readonly LiveRange[] _ranges = new LiveRange[Capacity];

    public int Count { get; private set; }

    public bool IsFull => Count == Capacity;

    public ReadOnlySpan<LiveRange> Ranges => _ranges.AsSpan(0, Count);

    public void Add(in LiveRange range) => _ranges[Count++] = range;

    public void Clear() => Count = 0;
}
