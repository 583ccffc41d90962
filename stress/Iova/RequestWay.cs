namespace MagAlloc.Stress.Iova;

/// <summary>How a range is asked for.</summary>
internal enum RequestWay
{
    /// <summary>Through the magazines, with a flush before a refusal.</summary>
    Fast,

    /// <summary>From the tree, aligned to its size.</summary>
    Aligned,

    /// <summary>From the tree, at any place.</summary>
    Unaligned,
}
