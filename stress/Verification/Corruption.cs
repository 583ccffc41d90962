using System.Globalization;

namespace MagAlloc.Stress.Verification;

/// <summary>One block whose content was not what its owner wrote.</summary>
/// <param name="Step">What was being done, for instance "verify before free".</param>
/// <param name="Address">Address of the block.</param>
/// <param name="Size">Bytes asked for.</param>
/// <param name="Offset">Offset of the first wrong byte.</param>
/// <param name="Expected">The tag written by the owner.</param>
/// <param name="Found">The word found there.</param>
internal readonly record struct Corruption(string Step, nuint Address, nuint Size, long Offset, ulong Expected, ulong Found)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Step}: block 0x{Address:x} of {Size} B, offset {Offset}: expected {Name(Expected)}, found {Name(Found)}");

    private static string Name(ulong tag) => tag == 0
        ? "0x0000000000000000"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"0x{tag:x16} (owner {OwnerPattern.OwnerOf(tag)}, sequence {OwnerPattern.SequenceOf(tag)})");
}
