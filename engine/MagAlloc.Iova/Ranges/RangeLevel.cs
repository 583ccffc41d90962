namespace MagAlloc.Iova.Ranges;

/// <summary>One level of a <see cref="RangeTree"/>: level 0 are the words, every other one is an array of entries.</summary>
internal unsafe struct RangeLevel
{
    /// <summary>One 64-bit word or entry a subtree, lowest units first.</summary>
    public ulong* Entries;

    /// <summary>Two words for each entry (<see cref="RangeLongest"/>): of free runs of any place, and of aligned ones. None for words.</summary>
    public ulong* Longest;

    /// <summary>Binary logarithm of the units that one of them stands for.</summary>
    public int Shift;
}
