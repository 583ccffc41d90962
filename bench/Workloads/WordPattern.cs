using System.Runtime.InteropServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>
/// Contents of a block of whole words, from which its length can be read: word i of n holds (n − i) with some bits turned over.
/// </summary>
internal static class WordPattern
{
    private const ulong Cookie = 0xBF58476D1CE4E5B9;

    public static void Write<TBlock>(TBlock block, int words)
        where TBlock : struct, IBlock
    {
        Span<ulong> span = MemoryMarshal.Cast<byte, ulong>(block.Bytes(words * sizeof(ulong)));
        for (int i = 0; i < span.Length; i++)
            span[i] = (ulong)(words - i) ^ Cookie;
    }

    /// <exception cref="InvalidOperationException">Somebody else has written to the block.</exception>
    public static void Verify<TBlock>(TBlock block)
        where TBlock : struct, IBlock
    {
        ulong words = MemoryMarshal.Read<ulong>(block.Bytes(sizeof(ulong))) ^ Cookie;
        if (words is 0 or > int.MaxValue / sizeof(ulong))
            throw Corrupt(0);
        ReadOnlySpan<ulong> span = MemoryMarshal.Cast<byte, ulong>(block.Bytes((int)words * sizeof(ulong)));
        for (int i = 0; i < span.Length; i++)
        {
            if (span[i] != ((words - (ulong)i) ^ Cookie))
                throw Corrupt(i);
        }
    }

    private static InvalidOperationException Corrupt(int word) =>
        new($"A live block's contents have changed at word {word}: the allocator has handed its memory out twice, or written to it.");
}
