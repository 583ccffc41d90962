using System.Numerics;
using System.Runtime.CompilerServices;

namespace MagAlloc.Stress.Verification;

/// <summary>
/// The oracle's pattern: every 8-byte word of a block, and the bytes of its tail, hold one tag (owner &lt;&lt; 40 | sequence).
/// A block that two owners hold at once, a block handed out twice or a stray write shows as a word with another tag, and the
/// word found names the owner and the operation that wrote it. The whole block is written, because a fault at its edge
/// (a class rounded wrongly, neighbours that overlap by a few bytes) shows only there.
/// </summary>
internal static unsafe class OwnerPattern
{
    /// <summary>Bits of a tag that hold the sequence number; the owner lies above.</summary>
    public const int SequenceBits = 40;

    private const ulong SequenceMask = (1UL << SequenceBits) - 1;
    private const nuint WordBytes = sizeof(ulong);

    // A span counts in int: longer blocks are walked in strides.
    private const nuint StrideWords = 1u << 27;

    public static ulong Tag(uint owner, ulong sequence) => ((ulong)owner << SequenceBits) | (sequence & SequenceMask);

    public static uint OwnerOf(ulong tag) => (uint)(tag >> SequenceBits);

    public static ulong SequenceOf(ulong tag) => tag & SequenceMask;

    /// <summary>Writes <paramref name="tag"/> over bytes [from, size); <paramref name="from"/> need not be a multiple of 8.</summary>
    public static void Fill(byte* block, nuint from, nuint size, ulong tag)
    {
        while (from < size && from % WordBytes != 0)
        {
            block[from] = ByteAt(tag, from);
            from++;
        }

        nuint words = (size - from) / WordBytes;
        while (words != 0)
        {
            int length = (int)nuint.Min(words, StrideWords);
            new Span<ulong>(block + from, length).Fill(tag);
            from += (nuint)length * WordBytes;
            words -= (nuint)length;
        }

        while (from < size)
        {
            block[from] = ByteAt(tag, from);
            from++;
        }
    }

    public static void Fill(byte* block, nuint size, ulong tag) => Fill(block, 0, size, tag);

    /// <summary>
    /// The offset of the first byte of [from, size) that is not <paramref name="tag"/>'s, or -1. <paramref name="from"/> is a
    /// multiple of 8.
    /// </summary>
    public static long FindViolation(byte* block, nuint from, nuint size, ulong tag)
    {
        nuint words = (size - from) / WordBytes;
        while (words != 0)
        {
            int length = (int)nuint.Min(words, StrideWords);
            int wrong = new ReadOnlySpan<ulong>(block + from, length).IndexOfAnyExcept(tag);
            if (wrong >= 0)
            {
                nuint at = from + ((nuint)wrong * WordBytes);
                ulong difference = Unsafe.ReadUnaligned<ulong>(block + at) ^ tag;
                return (long)at + (BitOperations.TrailingZeroCount(difference) / 8);
            }

            from += (nuint)length * WordBytes;
            words -= (nuint)length;
        }

        for (; from < size; from++)
        {
            if (block[from] != ByteAt(tag, from))
                return (long)from;
        }

        return -1;
    }

    public static long FindViolation(byte* block, nuint size, ulong tag) => FindViolation(block, 0, size, tag);

    /// <summary>The 8 bytes around <paramref name="offset"/> as the pattern lays them out; bytes past the end of the block read as 0.</summary>
    public static ulong WordAround(byte* block, nuint size, nuint offset)
    {
        nuint start = offset & ~(WordBytes - 1);
        ulong word = 0;
        for (nuint i = 0; i < WordBytes && start + i < size; i++)
            word |= (ulong)block[start + i] << (int)(8 * i);
        return word;
    }

    private static byte ByteAt(ulong tag, nuint offset) => (byte)(tag >> (int)(8 * (offset % WordBytes)));
}
