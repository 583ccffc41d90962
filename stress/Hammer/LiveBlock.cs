namespace MagAlloc.Stress.Hammer;

/// <summary>A block that some lane owns, and what it must contain.</summary>
internal unsafe struct LiveBlock
{
    public byte* Address;
    public nuint Size;
    public ulong Tag;

    /// <summary>0 for an ordinary block; an aligned one is never freed by size.</summary>
    public nuint Alignment;
}
