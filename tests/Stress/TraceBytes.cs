using System.Buffers.Binary;
using System.IO.Compression;
using MagAlloc.Tooling.Traces;

namespace MagAlloc.Tests.Stress;

/// <summary>Builds the bytes of a trace file for a test.</summary>
internal sealed class TraceBytes
{
    private readonly List<byte> _records = [];

    public TraceBytes Add(TraceOperation operation, uint id, ulong size, ushort thread = 1, byte log2Alignment = 0)
    {
        Span<byte> record = stackalloc byte[TraceRecord.Bytes];
        record[0] = (byte)operation;
        record[1] = log2Alignment;
        BinaryPrimitives.WriteUInt16LittleEndian(record[2..], thread);
        BinaryPrimitives.WriteUInt32LittleEndian(record[4..], id);
        BinaryPrimitives.WriteUInt64LittleEndian(record[8..], size);
        _records.AddRange(record);
        return this;
    }

    public TraceBytes Allocate(uint id, ulong size, ushort thread = 1) => Add(TraceOperation.Allocate, id, size, thread);

    public TraceBytes Free(uint id, ushort thread = 1) => Add(TraceOperation.Free, id, 0, thread);

    public TraceBytes Raw(params byte[] bytes)
    {
        _records.AddRange(bytes);
        return this;
    }

    public byte[] Gzip()
    {
        MemoryStream compressed = new();
        using (GZipStream gzip = new(compressed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write([.. _records]);
        return compressed.ToArray();
    }

    public AllocationTrace Load() => TraceReader.Read("t.trace.gz", Gzip());
}
