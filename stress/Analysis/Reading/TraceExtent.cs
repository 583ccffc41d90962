using System.Text;

namespace MagAlloc.Stress.Analysis.Reading;

/// <summary>
/// How far a .nettrace file of version 4 is whole. It is a chain of objects: a name, then (but for the first) a length and as many bytes. Whoever is killed
/// while the file grows leaves it cut within one of them; what lies before is as good as in any trace, but its readers want the mark of the end.
/// </summary>
internal sealed record TraceExtent
{
    private const int Alignment = 4;
    private const int LongestName = 64;

    // The clock and the process, behind the object's name: without them no event has a time.
    private const int TraceObjectBytes = 48;

    private const byte EndOfChain = 1;
    private const byte BeginOfObject = 5;
    private const byte EndOfObject = 6;

    private static readonly byte[] s_magic = [.. "Nettrace"u8, 20, 0, 0, 0, .. "!FastSerialization.1"u8];

    public required long FileBytes { get; init; }

    /// <summary>Where the last object ends that is there as a whole.</summary>
    public required long WholeBytes { get; init; }

    /// <summary>The chain has its end: nothing is missing.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>Objects with a length, beside the first one.</summary>
    public required long Blocks { get; init; }

    /// <summary>Of the block that is cut, if it is one of events: what its head and its whole events take. Else 0.</summary>
    public int SalvagedBytes { get; init; }

    /// <summary>Where the length of that block stands.</summary>
    public long CutLengthAt { get; init; }

    /// <summary>Null: the file is of another make, and its reader must know.</summary>
    public static TraceExtent? Of(Stream file)
    {
        byte[] magic = new byte[s_magic.Length];
        int read = file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        if (!magic.AsSpan(0, read).SequenceEqual(s_magic.AsSpan(0, read)))
            return null;
        TraceExtent extent = new() { FileBytes = file.Length, WholeBytes = Math.Min(file.Length, s_magic.Length), IsComplete = false, Blocks = 0 };
        using BinaryReader reader = new(file, Encoding.ASCII, leaveOpen: true);
        try
        {
            while (true)
            {
                byte tag = reader.ReadByte();
                if (tag == EndOfChain)
                    return extent with { WholeBytes = file.Position, IsComplete = true };
                if (tag != BeginOfObject || NameOf(reader) is not { } name)
                    return extent;
                if (name == "Trace")
                {
                    Skip(file, TraceObjectBytes);
                }
                else
                {
                    long lengthAt = file.Position;
                    int length = reader.ReadInt32();
                    Skip(file, -file.Position & (Alignment - 1));
                    if (length < 0)
                        return extent;
                    if (file.Position + length + 1 > file.Length)
                        return name is "EventBlock" or "MetadataBlock" ? extent.WithSalvage(file, lengthAt, length) : extent;
                    Skip(file, length);
                }

                if (reader.ReadByte() != EndOfObject)
                    return extent;
                extent = extent with { WholeBytes = file.Position, Blocks = extent.Blocks + (name == "Trace" ? 0 : 1) };
            }
        }
        catch (EndOfStreamException)
        {
            return extent;
        }
    }

    /// <summary>Writes what is whole, and the end.</summary>
    public void Mend(Stream file, Stream mended)
    {
        file.Position = 0;
        CopyBytes(file, mended, WholeBytes);
        if (SalvagedBytes != 0)
        {
            CopyBytes(file, mended, CutLengthAt - WholeBytes);
            mended.Write(BitConverter.GetBytes(SalvagedBytes));
            file.Position += sizeof(int);
            CopyBytes(file, mended, (-file.Position & (Alignment - 1)) + SalvagedBytes);
            mended.WriteByte(EndOfObject);
        }

        mended.WriteByte(EndOfChain);
    }

    private static string? NameOf(BinaryReader reader)
    {
        if (reader.ReadByte() != BeginOfObject || reader.ReadByte() != EndOfChain)
            return null;
        reader.ReadInt64();
        int length = reader.ReadInt32();
        if (length is <= 0 or > LongestName)
            return null;
        byte[] name = reader.ReadBytes(length);
        return reader.ReadByte() == EndOfObject ? Encoding.ASCII.GetString(name) : null;
    }

    private static void Skip(Stream file, long bytes)
    {
        if (file.Position + bytes > file.Length)
            throw new EndOfStreamException();
        file.Position += bytes;
    }

    private static void CopyBytes(Stream from, Stream to, long bytes)
    {
        byte[] chunk = new byte[1 << 20];
        while (bytes > 0)
        {
            int read = from.Read(chunk, 0, (int)Math.Min(chunk.Length, bytes));
            if (read == 0)
                throw new EndOfStreamException();
            to.Write(chunk, 0, read);
            bytes -= read;
        }
    }

    private TraceExtent WithSalvage(Stream file, long lengthAt, int length)
    {
        byte[] there = new byte[Math.Min(length, file.Length - file.Position)];
        file.ReadExactly(there);
        int whole = EventBlobs.WholeBytes(there);
        return whole == 0 ? this : this with { SalvagedBytes = whole, CutLengthAt = lengthAt };
    }
}
