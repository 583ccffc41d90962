namespace MagAlloc.Bench.Contenders;

/// <summary>What the malloc family has beyond allocate and free.</summary>
[Flags]
internal enum ExtraCalls
{
    None = 0,
    Aligned = 1,
    Zeroed = 2,
    Reallocated = 4,
    All = Aligned | Zeroed | Reallocated,
}
