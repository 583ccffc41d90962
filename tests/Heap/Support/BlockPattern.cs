namespace MagAlloc.Tests.Heap.Support;

/// <summary>The oracle of the heap tests: a block's whole content is a function of its owner and a sequence number.</summary>
internal static unsafe class BlockPattern
{
    public static void Fill(void* block, nuint byteCount, int owner, long sequence)
    {
        ulong seed = Seed(owner, sequence);
        nuint words = byteCount / 8;
        ulong* word = (ulong*)block;
        for (nuint i = 0; i < words; i++)
        {
            word[i] = seed + (i * 0x9E37_79B9_7F4A_7C15UL);
        }

        byte* tail = (byte*)(word + words);
        for (nuint i = 0; i < byteCount % 8; i++)
        {
            tail[i] = (byte)(seed >> (int)(8 * i));
        }
    }

    /// <summary>The offset of the first byte (or of its word) that differs, or -1 when the whole block is intact.</summary>
    public static long FirstMismatch(void* block, nuint byteCount, int owner, long sequence)
    {
        ulong seed = Seed(owner, sequence);
        nuint words = byteCount / 8;
        ulong* word = (ulong*)block;
        for (nuint i = 0; i < words; i++)
        {
            if (word[i] != seed + (i * 0x9E37_79B9_7F4A_7C15UL))
            {
                return (long)i * 8;
            }
        }

        byte* tail = (byte*)(word + words);
        for (nuint i = 0; i < byteCount % 8; i++)
        {
            if (tail[i] != (byte)(seed >> (int)(8 * i)))
            {
                return (long)((words * 8) + i);
            }
        }

        return -1;
    }

    /// <summary>The offset of the first byte that is not <paramref name="value"/>, or -1.</summary>
    public static long FirstOtherThan(byte value, void* block, nuint byteCount)
    {
        const int Step = 1 << 30;
        for (nuint done = 0; done < byteCount; done += Step)
        {
            int length = (int)Math.Min(byteCount - done, Step);
            int at = new ReadOnlySpan<byte>((byte*)block + done, length).IndexOfAnyExcept(value);
            if (at >= 0)
            {
                return (long)done + at;
            }
        }

        return -1;
    }

    public static void Set(void* block, nuint byteCount, byte value) =>
        System.Runtime.InteropServices.NativeMemory.Fill(block, byteCount, value);

    private static ulong Seed(int owner, long sequence)
    {
        ulong x = ((ulong)(uint)owner << 48) ^ (ulong)sequence ^ 0xA5A5_5A5A_0F0F_F0F0UL;
        x = (x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9UL;
        x = (x ^ (x >> 27)) * 0x94D0_49BB_1331_11EBUL;
        return x ^ (x >> 31);
    }
}
