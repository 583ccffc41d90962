namespace MagAlloc.Tests.Iova.Model;

/// <summary>How a range of the model was obtained.</summary>
internal enum ModelKind
{
    /// <summary>By <c>Allocate</c>.</summary>
    Plain,

    /// <summary>By <c>AllocateFast</c>.</summary>
    Fast,

    /// <summary>By <c>Reserve</c>.</summary>
    Reserved,
}
