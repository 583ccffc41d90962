using System.Text;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Analysis.Reading;

/// <summary>
/// How far a .nettrace file of version 4 is whole. It is a chain of objects: a name, then (but for the first) a length and as many bytes. Whoever is killed
/// while the file grows leaves it cut within one of them; what lies before is as good as in any trace, but its readers want the mark of the end. A power
/// failure leaves zeros there, as many as were still to be written.
/// </summary>
internal sealed record TraceExtent
{
    private const int Alignment = 4;
    private const int LongestName = 64;

    // The runtime closes a block at 100 KiB; what claims to be longer, and is not there, has a wrong length.
    private const int LongestCutBlock = 1 << 20;

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

    /// <summary>A wrong byte ends the chain, not the end of what was written.</summary>
    public bool IsDamaged { get; init; }

    /// <summary>Objects with a length, beside the first one.</summary>
    public required long Blocks { get; init; }

    /// <summary>Of the block that is cut, if it is one of events: what its head and its whole events take. Else 0.</summary>
    public int SalvagedBytes { get; init; }

    /// <summary>Where the length of that block stands.</summary>
    public long CutLengthAt { get; init; }

    /// <summary>As far the file can be read.</summary>
    public long ReadableBytes => SalvagedBytes == 0 ? WholeBytes : CutLengthAt + sizeof(int) + Padding(CutLengthAt + sizeof(int)) + SalvagedBytes;

    /// <summary>Bytes behind those.</summary>
    public long UnreadBytes => FileBytes - ReadableBytes;

    /// <summary>Where it ends, and how much is lost with that.</summary>
    public string Where => $"the trace {(IsDamaged ? "is damaged" : "has no end: it breaks off")} at byte {Text.Count(ReadableBytes)}"
        + (UnreadBytes == 0 ? string.Empty : $" ({Text.Plural(UnreadBytes, "byte")} behind that cannot be read)");

    public string Why => IsDamaged ? "something has written over it" : "the process or its tracer was killed, or the file was cut";

    /// <summary>Null: the file is of another make, and its reader must know.</summary>
    public static TraceExtent? Of(Stream file)
    {
        byte[] magic = new byte[s_magic.Length];
        int read = file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        if (!magic.AsSpan(0, read).SequenceEqual(s_magic.AsSpan(0, read)))
            return null;
        long end = EndOfContents(file);
        file.Position = read;
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
                    return extent.StoppedAt(file.Position, end);
                if (name == "Trace")
                {
                    Skip(file, TraceObjectBytes);
                }
                else
                {
                    long lengthAt = file.Position;
                    int length = reader.ReadInt32();
                    long begin = file.Position + Padding(file.Position);
                    if (length < 0 || (begin + length >= end && length > LongestCutBlock))
                        return extent.StoppedAt(file.Position, end);
                    file.Position = begin;
                    if (begin + length >= end)
                        return name is "EventBlock" or "MetadataBlock" ? extent.WithSalvage(file, lengthAt, end) : extent;
                    Skip(file, length);
                }

                if (reader.ReadByte() != EndOfObject)
                    return extent.StoppedAt(file.Position, end);
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
            CopyBytes(file, mended, Padding(file.Position) + SalvagedBytes);
            mended.WriteByte(EndOfObject);
        }

        mended.WriteByte(EndOfChain);
    }

    private static long Padding(long position) => -position & (Alignment - 1);

    /// <summary>Behind the last byte that is not zero: a trace that has its end has none behind it.</summary>
    private static long EndOfContents(Stream file)
    {
        byte[] chunk = new byte[1 << 16];
        long end = file.Length;
        while (end > 0)
        {
            int bytes = (int)Math.Min(chunk.Length, end);
            file.Position = end - bytes;
            file.ReadExactly(chunk, 0, bytes);
            int last = chunk.AsSpan(0, bytes).LastIndexOfAnyExcept((byte)0);
            if (last >= 0)
                return end - bytes + last + 1;
            end -= bytes;
        }

        return 0;
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

    private TraceExtent StoppedAt(long position, long end) => this with { IsDamaged = position <= end };

    private TraceExtent WithSalvage(Stream file, long lengthAt, long end)
    {
        byte[] there = new byte[Math.Max(0, end - file.Position)];
        file.ReadExactly(there);
        int whole = EventBlobs.WholeBytes(there);
        return whole == 0 ? this : this with { SalvagedBytes = whole, CutLengthAt = lengthAt };
    }
}
