namespace MagAlloc.Diagnostics;

/// <summary>What a caller did wrong with a block.</summary>
public enum MisuseKind
{
    /// <summary>A block was freed that is free already.</summary>
    DoubleFree,

    /// <summary>A pointer was passed that the heap never handed out.</summary>
    ForeignPointer,

    /// <summary>A pointer into a block, or between blocks, was passed instead of its start.</summary>
    MisalignedPointer,

    /// <summary>A sized free named another size than the block was asked for with.</summary>
    WrongSize,

    /// <summary>A block was written to after it was freed.</summary>
    WriteAfterFree,

    /// <summary>Bytes just before or behind a block were overwritten.</summary>
    RedZone,
}
