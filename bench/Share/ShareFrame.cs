using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Share;

/// <summary>What producer and consumer do to a frame. Its first word is its number, so that a lost or doubled one is noticed.</summary>
internal static class ShareFrame
{
    public static void Fill(Span<byte> frame, long number, bool whole)
    {
        if (whole)
            frame.Fill((byte)number);
        BinaryPrimitives.WriteInt64LittleEndian(frame, number);
    }

    /// <summary>Takes a frame, reading all of it if asked to.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="number">What it must have.</param>
    /// <param name="whole">Read every byte.</param>
    /// <param name="sum">Raised by what is read: it must not be optimised away.</param>
    public static void Take(ReadOnlySpan<byte> frame, long number, bool whole, ref long sum)
    {
        long found = BinaryPrimitives.ReadInt64LittleEndian(frame);
        if (found != number)
            throw new InvalidDataException($"frame {found} came in place of {number}");
        if (!whole)
            return;
        foreach (long word in MemoryMarshal.Cast<byte, long>(frame))
            sum += word;
    }
}
