using System.Buffers.Text;
using System.Runtime.Versioning;
using System.Text;

namespace MagAlloc.Platform;

/// <summary>A small text file of the kernel's, read anew each time: no managed memory, no exception, nothing left open.</summary>
[SupportedOSPlatform("linux")]
internal sealed unsafe class ProcFile(string path)
{
    // O_CLOEXEC, the same on x64 and arm64.
    private const int CloseOnExec = 0x80000;

    private readonly byte[] _path = Encoding.UTF8.GetBytes(path + '\0');

    /// <summary>Fills the span from the file's start.</summary>
    /// <returns>What was read; empty where there is no such file.</returns>
    internal ReadOnlySpan<byte> Read(Span<byte> into)
    {
        int file;
        fixed (byte* path = _path)
        {
            file = LibC.Open(path, CloseOnExec, 0);
        }

        if (file < 0)
        {
            return default;
        }

        int length = 0;
        fixed (byte* start = into)
        {
            while (length < into.Length)
            {
                nint got = LibC.Read(file, start + length, (nuint)(into.Length - length));
                if (got < 0 && VirtualMemory.LastError == LinuxError.Interrupted)
                {
                    continue;
                }

                if (got <= 0)
                {
                    break;
                }

                length += (int)got;
            }
        }

        _ = LibC.Close(file);
        return into[..length];
    }

    /// <summary>The number that the file consists of.</summary>
    /// <returns>-1: there is none. "max" is none, and so is what no <see cref="long"/> holds.</returns>
    internal long ReadNumber()
    {
        Span<byte> text = stackalloc byte[32];
        return Number(Read(text));
    }

    /// <summary>The number behind a name at the start of a line.</summary>
    /// <param name="text">Lines.</param>
    /// <param name="name">All that is before the number, spaces excepted.</param>
    /// <returns>-1: there is none.</returns>
    internal static long NumberOf(ReadOnlySpan<byte> text, ReadOnlySpan<byte> name)
    {
        while (!text.IsEmpty)
        {
            int end = text.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? text : text[..end];
            if (line.StartsWith(name) && line.Length > name.Length && line[name.Length] is (byte)' ' or (byte)'\t')
            {
                return Number(line[name.Length..]);
            }

            text = end < 0 ? default : text[(end + 1)..];
        }

        return -1;
    }

    /// <summary>The number at the start of a text, behind spaces; -1: there is none.</summary>
    internal static long Number(ReadOnlySpan<byte> text)
        => Utf8Parser.TryParse(text.TrimStart(" \t"u8), out long number, out _) && number >= 0 ? number : -1;
}
