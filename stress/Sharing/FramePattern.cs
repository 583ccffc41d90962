using System.Buffers.Binary;

namespace MagAlloc.Stress.Sharing;

/// <summary>The contents of a frame: a word at the start of every 512 bytes, and one at its end, made of the frame's number and their place.</summary>
internal static class FramePattern
{
    private const int Stride = 512;
    private const ulong Factor = 0x9E3779B97F4A7C15;

    public static void Fill(Span<byte> frame, ulong number)
    {
        for (int at = 0; at + sizeof(ulong) <= frame.Length; at += Stride)
            BinaryPrimitives.WriteUInt64LittleEndian(frame[at..], WordAt(number, at));
        BinaryPrimitives.WriteUInt64LittleEndian(frame[^sizeof(ulong)..], WordAt(number, frame.Length));
    }

    /// <summary>Offset of the first word that is not the frame's, or -1.</summary>
    public static long FindViolation(ReadOnlySpan<byte> frame, ulong number)
    {
        for (int at = 0; at + sizeof(ulong) < frame.Length; at += Stride)
        {
            if (BinaryPrimitives.ReadUInt64LittleEndian(frame[at..]) != WordAt(number, at))
                return at;
        }

        return BinaryPrimitives.ReadUInt64LittleEndian(frame[^sizeof(ulong)..]) == WordAt(number, frame.Length) ? -1 : frame.Length - sizeof(ulong);
    }

    private static ulong WordAt(ulong number, int place) => (number * Factor) ^ (ulong)place;
}
