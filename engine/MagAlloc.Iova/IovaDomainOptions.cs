using System.Numerics;
using MagAlloc.Iova.Ranges;

namespace MagAlloc.Iova;

/// <summary>What an <see cref="IovaDomain"/> is made from. The domain's constructor checks the values and copies them.</summary>
public sealed record IovaDomainOptions
{
    /// <summary>Largest legal granule, in bytes: 1 GiB.</summary>
    public const ulong LargestGranule = 1UL << 30;

    /// <summary>
    /// Largest legal <see cref="CachedOrders"/>: sizes up to 32 granules, <c>IOVA_RANGE_CACHE_MAX_SIZE</c> of the kernel.
    /// </summary>
    public const int MostCachedOrders = 6;

    /// <summary>Name in exceptions and reports. Not null.</summary>
    public string Name { get; set; } = "iova";

    /// <summary>
    /// Width of an address in bits, 1 to 64: addresses are below 2^AddressBits. At least the granule's bits, at most 36 more.
    /// Default: 48. A granule costs two bits of address space, not of memory: what is never used is never touched.
    /// </summary>
    public int AddressBits { get; set; } = 48;

    /// <summary>
    /// How many orders of sizes are cached: 1, 2, 4, … granules; 1 to <see cref="MostCachedOrders"/>. Default: 6, as in the
    /// kernel.
    /// </summary>
    public int CachedOrders { get; set; } = MostCachedOrders;

    /// <summary>
    /// True (default): the constructor makes two magazines for each processor and order, as <c>iova_domain_init_rcaches</c>
    /// does, or fails. False: magazines are made when they are needed; where one is refused, ranges go past it.
    /// </summary>
    public bool PreallocateMagazines { get; set; } = true;

    /// <inheritdoc cref="NativeHeapOptions.Reclaim"/>
    public ReclaimOptions Reclaim { get; set; } = new();

    /// <summary>
    /// <see cref="CheckLevel.None"/> (default): a cached free is trusted, as in the kernel; what was wrong with it is counted and
    /// reported when the range comes back to the tree. <see cref="CheckLevel.Basic"/>: every free is checked against the state
    /// of its range, and throws at once.
    /// </summary>
    public CheckLevel Checks { get; set; } = CheckLevel.None;

    /// <summary>Which fallible steps fail on purpose; null (default): none.</summary>
    public FaultPlan? Faults { get; set; }

    internal void Validate(ulong granule, ulong startPfn)
    {
        ArgumentNullException.ThrowIfNull(Name);
        ArgumentNullException.ThrowIfNull(Reclaim);
        Reclaim.Validate();
        if (!BitOperations.IsPow2(granule) || granule > LargestGranule)
        {
            throw Refusal(
                nameof(granule), granule, $"The granule must be a power of two from 1 to {LargestGranule} bytes.");
        }

        int shift = BitOperations.Log2(granule);
        int most = Math.Min(64, shift + BitOperations.Log2(RangeTree.LargestUnits));
        int least = Math.Max(1, shift);
        if (AddressBits < least || AddressBits > most)
        {
            throw Refusal(
                nameof(AddressBits), AddressBits, $"{nameof(AddressBits)} must be from {least} to {most} with a granule of {granule} bytes.");
        }

        ulong lastPfn = LastPfn(shift);
        if (startPfn > lastPfn)
        {
            throw Refusal(nameof(startPfn), startPfn, $"The first pfn must be from 0 to {lastPfn}.");
        }

        if (CachedOrders is < 1 or > MostCachedOrders)
        {
            throw Refusal(
                nameof(CachedOrders), CachedOrders, $"{nameof(CachedOrders)} must be from 1 to {MostCachedOrders}.");
        }

        if (Checks is not (CheckLevel.None or CheckLevel.Basic))
        {
            throw Refusal(nameof(Checks), Checks, $"{nameof(Checks)} must be None or Basic.");
        }
    }

    // The names are those of properties, and of the constructor's parameters.
    private static ArgumentOutOfRangeException Refusal(string name, object value, string message) => new(name, value, message);

    internal ulong LastPfn(int shift) => (1UL << (AddressBits - shift)) - 1;
}
