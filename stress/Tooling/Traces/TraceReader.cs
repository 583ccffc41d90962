using System.IO.Compression;
using System.Runtime.InteropServices;

namespace MagAlloc.Tooling.Traces;

/// <summary>Loads *.trace.gz. Nothing of a trace is replayed before all of it has been read and found good.</summary>
internal static class TraceReader
{
    /// <summary>A trace longer than this (1 GiB of records) is refused: a few kilobytes of gzip can unpack to any length.</summary>
    public const int MaxRecords = 1 << 26;

    private const int GzipMagic = 0x8b1f;
    private const int ShortestGzip = 18;

    /// <exception cref="TraceFormatException">The file is missing, unreadable, or not a sound trace.</exception>
    public static AllocationTrace Load(string file)
    {
        if (Directory.Exists(file))
            throw new TraceFormatException($"{file}: is a folder; give the path of a *.trace.gz file");

        byte[] compressed;
        try
        {
            compressed = File.ReadAllBytes(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new TraceFormatException($"{file}: no such file; give the path of a *.trace.gz file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new TraceFormatException($"{file}: cannot be read ({e.Message})");
        }

        return Read(file, compressed);
    }

    /// <summary>Reads a trace from the bytes of a gzip file; <paramref name="file"/> is its name in messages.</summary>
    public static AllocationTrace Read(string file, byte[] compressed)
    {
        using MemoryStream records = Unpack(file, compressed);
        long length = records.Length;
        if (length % TraceRecord.Bytes != 0)
        {
            throw new TraceFormatException(
                $"{file}: truncated in record {length / TraceRecord.Bytes}: {length} bytes are not a multiple of {TraceRecord.Bytes}");
        }

        if (length == 0)
            throw new TraceFormatException($"{file}: holds no record");

        int count = (int)(length / TraceRecord.Bytes);
        AllocationTrace trace = new(file, count) { Count = count };
        try
        {
            records.GetBuffer().AsSpan(0, (int)length).CopyTo(MemoryMarshal.AsBytes(trace.Span));
            TraceValidator.Validate(trace);
            return trace;
        }
        catch
        {
            trace.Dispose();
            throw;
        }
    }

    private static MemoryStream Unpack(string file, byte[] compressed)
    {
        if (compressed.Length < ShortestGzip || BitConverter.ToUInt16(compressed) != GzipMagic)
            throw new TraceFormatException($"{file}: not a gzip file");

        MemoryStream records = new();
        try
        {
            using GZipStream gzip = new(new MemoryStream(compressed), CompressionMode.Decompress);
            byte[] buffer = new byte[1 << 16];
            for (int read; (read = gzip.Read(buffer)) != 0;)
            {
                records.Write(buffer, 0, read);
                if (records.Length > (long)MaxRecords * TraceRecord.Bytes)
                    throw new TraceFormatException($"{file}: longer than {MaxRecords} records");
            }
        }
        catch (InvalidDataException)
        {
            // Not its message: for a wrong checksum it speaks of an "unsupported compression method".
            throw Damaged(file, records);
        }

        if (!GzipTrailer.Matches(compressed, records.GetBuffer().AsSpan(0, (int)records.Length)))
            throw Damaged(file, records);
        return records;
    }

    private static TraceFormatException Damaged(string file, MemoryStream records) =>
        new($"{file}: truncated or damaged gzip stream after record {records.Length / TraceRecord.Bytes}");
}
