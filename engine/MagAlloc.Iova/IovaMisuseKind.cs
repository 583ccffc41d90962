namespace MagAlloc.Iova;

/// <summary>What a caller did wrong with a range of an <see cref="IovaDomain"/>.</summary>
public enum IovaMisuseKind
{
    /// <summary>The range lies in a magazine: it was freed before.</summary>
    DoubleFree,

    /// <summary>Nothing is allocated there: never allocated, or freed before and no longer in a magazine.</summary>
    NotAllocated,

    /// <summary>A range begins there, but with another size.</summary>
    WrongSize,

    /// <summary>The pfn lies inside a range and is not its first.</summary>
    NotFirst,

    /// <summary>The range is reserved; only <see cref="IovaDomain.Free(IovaRange)"/> of exactly that piece frees it.</summary>
    Reserved,
}
