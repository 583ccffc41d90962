namespace MagAlloc.Tooling.Traces;

/// <summary>The allocator call that one record of a trace stands for.</summary>
internal enum TraceOperation : byte
{
    Allocate = 1,
    AllocateZeroed = 2,
    AllocateAligned = 3,
    Reallocate = 4,
    Free = 5,
}
