using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Reporting;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    private const string ProcessorFile = "/proc/cpuinfo";

    public static string Runtime => RuntimeInformation.FrameworkDescription;

    public static string System => $"{RuntimeInformation.OSDescription} {RuntimeInformation.ProcessArchitecture}";

    /// <summary>The processor's name; null where the system does not tell it in a file.</summary>
    public static string? Processor { get; } = FindProcessor();

    private static string? FindProcessor()
    {
        if (!File.Exists(ProcessorFile))
            return null;
        string? line = File.ReadLines(ProcessorFile).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal));
        return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
