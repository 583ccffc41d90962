namespace MagAlloc.Bench.Workloads;

/// <summary>
/// Where the sizes of a random live set come from: one for each call, out of the same random number as the slot. A struct, so
/// that the loop is compiled for each kind.
/// </summary>
internal interface ISizes
{
    /// <param name="number">Its upper half chooses the slot.</param>
    int Of(ulong number);
}
