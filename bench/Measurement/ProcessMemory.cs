using System.Buffers.Text;

namespace MagAlloc.Bench.Measurement;

/// <summary>The resident set of this process, now and at its peak. Only Linux tells both at no cost; elsewhere they are null.</summary>
internal static class ProcessMemory
{
    private const string StatusFile = "/proc/self/status";
    private const string ClearFile = "/proc/self/clear_refs";

    // "5" sets the high-water mark back to what is resident now.
    private const string ResetPeakCommand = "5";

    public static long? ResidentBytes() => Line("VmRSS:"u8);

    /// <summary>The most that was resident since the process began, or since <see cref="TryResetPeak"/>.</summary>
    public static long? PeakBytes() => Line("VmHWM:"u8);

    /// <summary>Begins a new peak at what is resident now; false where the system does not let it.</summary>
    public static bool TryResetPeak()
    {
        try
        {
            if (!OperatingSystem.IsLinux())
                return false;
            File.WriteAllText(ClearFile, ResetPeakCommand);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static long? Line(ReadOnlySpan<byte> name)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        ReadOnlySpan<byte> text = File.ReadAllBytes(StatusFile);
        int start = text.IndexOf(name);
        if (start < 0)
            return null;
        text = text[(start + name.Length)..].TrimStart(" \t"u8);
        return Utf8Parser.TryParse(text, out long kibibytes, out _) ? kibibytes * 1024 : null;
    }
}
