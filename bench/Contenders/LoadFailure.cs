namespace MagAlloc.Bench.Contenders;

/// <summary>Why a native allocator cannot be used.</summary>
/// <param name="Kind">What failed.</param>
/// <param name="Detail">The function that is missing, or the loader's own words.</param>
internal sealed record LoadFailure(LoadFailureKind Kind, string Detail);
