using Microsoft.Win32.SafeHandles;

namespace MagAlloc.Tooling.Measurement;

/// <summary>The resident set of this process (VmRSS of /proc/self/status); 0 where the system has no such file.</summary>
internal sealed class ResidentSet : IDisposable
{
    private const string StatusFile = "/proc/self/status";

    private readonly SafeFileHandle? _status = File.Exists(StatusFile) ? File.OpenHandle(StatusFile) : null;

    /// <summary>Bytes resident now. The file stays open and is read into the stack: sampling allocates nothing.</summary>
    public long Bytes()
    {
        if (_status is null)
            return 0;
        Span<byte> text = stackalloc byte[4096];
        text = text[..RandomAccess.Read(_status, text, 0)];
        int line = text.IndexOf("VmRSS:"u8);
        long kibibytes = 0;
        for (int i = line + 6; line >= 0 && i < text.Length && text[i] != '\n'; i++)
        {
            if (char.IsAsciiDigit((char)text[i]))
                kibibytes = (kibibytes * 10) + (text[i] - '0');
        }

        return kibibytes * 1024;
    }

    public void Dispose() => _status?.Dispose();
}
