namespace MagAlloc.Stress.Replay;

/// <summary>The allocators that a replay can drive.</summary>
internal enum ReplayAllocatorKind
{
    MagAlloc,
    Libc,
}
