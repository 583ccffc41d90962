using System.Runtime.CompilerServices;

namespace MagAlloc.Stress.Verification;

/// <summary>
/// The owner pattern at the price a replay can pay: blocks up to <see cref="WholeBlockLimit"/> whole, larger ones at both
/// ends and once a page. The pages are all touched, so the resident set of a replay is that of a program that uses what it
/// allocates, yet a 4 MB array costs a thousand words and not half a million.
/// </summary>
internal static unsafe class SampledPattern
{
    /// <summary>Blocks up to this size are written and verified whole even in sampled mode.</summary>
    public const nuint WholeBlockLimit = 4096;

    private const nuint EdgeBytes = 64;
    private const nuint PageBytes = 4096;

    public static void Fill(byte* block, nuint size, ulong tag, VerifyMode mode)
    {
        if (mode == VerifyMode.None)
            return;
        if (IsWhole(size, mode))
        {
            OwnerPattern.Fill(block, size, tag);
            return;
        }

        OwnerPattern.Fill(block, 0, EdgeBytes, tag);
        OwnerPattern.Fill(block, size - EdgeBytes, size, tag);
        for (nuint page = PageBytes; page + sizeof(ulong) <= size; page += PageBytes)
            Unsafe.WriteUnaligned(block + page, tag);
    }

    /// <summary>
    /// The offset of the first wrong byte among the first <paramref name="length"/> bytes of a block that was filled at
    /// <paramref name="filledSize"/> bytes (a reallocation keeps a prefix only), or -1.
    /// </summary>
    public static long FindViolation(byte* block, nuint filledSize, nuint length, ulong tag, VerifyMode mode)
    {
        if (mode == VerifyMode.None)
            return -1;
        if (IsWhole(filledSize, mode))
            return OwnerPattern.FindViolation(block, length, tag);

        long wrong = OwnerPattern.FindViolation(block, nuint.Min(EdgeBytes, length), tag);
        for (nuint page = PageBytes; wrong < 0 && page + sizeof(ulong) <= length; page += PageBytes)
            wrong = OwnerPattern.FindViolation(block, page, page + sizeof(ulong), tag);
        return wrong < 0 && length == filledSize ? FindEdgeViolation(block, length, tag) : wrong;
    }

    private static bool IsWhole(nuint size, VerifyMode mode) => mode == VerifyMode.Full || size <= WholeBlockLimit;

    private static long FindEdgeViolation(byte* block, nuint size, ulong tag)
    {
        // The last bytes start anywhere; round up to a word so that the pattern's phase is that of the fill.
        nuint from = (size - EdgeBytes + sizeof(ulong) - 1) & ~(nuint)(sizeof(ulong) - 1);
        return OwnerPattern.FindViolation(block, from, size, tag);
    }
}
