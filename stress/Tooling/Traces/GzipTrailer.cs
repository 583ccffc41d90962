using System.Buffers.Binary;

namespace MagAlloc.Tooling.Traces;

/// <summary>
/// The last eight bytes of a gzip file: CRC-32 and length of what it unpacks to. Checked here because .NET's GZipStream takes
/// the end of a file that was cut off anywhere for the end of its data, without a word.
/// </summary>
internal static class GzipTrailer
{
    private const int Bytes = 8;

    // The reflected polynomial of RFC 1952.
    private const uint Polynomial = 0xEDB88320;

    private static readonly uint[] s_table = CreateTable();

    /// <summary>True when the trailer of <paramref name="compressed"/> is that of <paramref name="unpacked"/>.</summary>
    public static bool Matches(ReadOnlySpan<byte> compressed, ReadOnlySpan<byte> unpacked)
    {
        if (compressed.Length < Bytes)
            return false;
        ReadOnlySpan<byte> trailer = compressed[^Bytes..];
        return BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]) == (uint)unpacked.Length
            && BinaryPrimitives.ReadUInt32LittleEndian(trailer) == Crc32(unpacked);
    }

    private static uint Crc32(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in data)
            crc = s_table[(byte)(crc ^ b)] ^ (crc >> 8);
        return ~crc;
    }

    private static uint[] CreateTable()
    {
        uint[] table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
                value = (value & 1) != 0 ? (value >> 1) ^ Polynomial : value >> 1;
            table[i] = value;
        }

        return table;
    }
}
