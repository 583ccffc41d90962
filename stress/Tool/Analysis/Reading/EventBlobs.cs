using System.Buffers.Binary;

namespace MagAlloc.Tool.Analysis.Reading;

/// <summary>Finds the borders of events in a block that is cut. Each event's head says only what differs from the one before it.</summary>
internal static class EventBlobs
{
    private const int CompressedHeads = 1;
    private const int ActivityBytes = 16;

    [Flags]
    private enum Fields : byte
    {
        Metadata = 1,
        Capture = 2,
        Thread = 4,
        Stack = 8,
        Activity = 16,
        RelatedActivity = 32,
        Length = 128,
    }

    /// <returns>Bytes of the block's head and of the events that are there as a whole; 0 if there is none, or their heads are of another kind.</returns>
    public static int WholeBytes(ReadOnlySpan<byte> block)
    {
        if (block.Length < 4 || (BinaryPrimitives.ReadInt16LittleEndian(block[2..]) & CompressedHeads) == 0)
            return 0;
        int at = BinaryPrimitives.ReadInt16LittleEndian(block);
        int whole = 0;
        ulong length = 0;
        while (at > 0 && at < block.Length && TrySkip(block, ref at, ref length))
            whole = at;
        return whole;
    }

    private static bool TrySkip(ReadOnlySpan<byte> block, ref int at, ref ulong length)
    {
        Fields fields = (Fields)block[at++];
        int numbers = 1; // the time
        numbers += fields.HasFlag(Fields.Metadata) ? 1 : 0;
        numbers += fields.HasFlag(Fields.Capture) ? 3 : 0; // sequence number, thread, processor
        numbers += fields.HasFlag(Fields.Thread) ? 1 : 0;
        numbers += fields.HasFlag(Fields.Stack) ? 1 : 0;
        for (; numbers > 0; numbers--)
        {
            if (!TryRead(block, ref at, out _))
                return false;
        }

        at += fields.HasFlag(Fields.Activity) ? ActivityBytes : 0;
        at += fields.HasFlag(Fields.RelatedActivity) ? ActivityBytes : 0;
        if (fields.HasFlag(Fields.Length) && !TryRead(block, ref at, out length))
            return false;
        if (length > (ulong)block.Length || at + (int)length > block.Length)
            return false;
        at += (int)length;
        return true;
    }

    /// <summary>Seven bits a byte, the lowest first.</summary>
    private static bool TryRead(ReadOnlySpan<byte> block, ref int at, out ulong number)
    {
        number = 0;
        for (int shift = 0; at < block.Length && shift < 64; shift += 7)
        {
            byte next = block[at++];
            number |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return true;
        }

        return false;
    }
}
