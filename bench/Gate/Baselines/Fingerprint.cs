using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace MagAlloc.Bench.Gate.Baselines;

/// <summary>Where and how baselines were recorded. It decides how strictly they hold elsewhere.</summary>
/// <param name="Cpu">Model of the processor.</param>
/// <param name="Cores">Processors that the process may use.</param>
/// <param name="Runtime">Name and version.</param>
/// <param name="Architecture">Of the process, with the vector instructions that the JIT's choice of instructions hangs on.</param>
/// <param name="Date">Of the recording, as yyyy-MM-dd.</param>
/// <param name="Runs">Runs that each value is the median of.</param>
internal sealed record Fingerprint(string Cpu, int Cores, string Runtime, string Architecture, string Date, int Runs)
{
    public const string UnknownCpu = "unknown";

    private const string CpuFile = "/proc/cpuinfo";

    public static Fingerprint Here(int runs) => new(
        CpuModel(),
        Environment.ProcessorCount,
        RuntimeInformation.FrameworkDescription,
        $"{RuntimeInformation.ProcessArchitecture}{(Avx2.IsSupported ? " AVX2" : string.Empty)}",
        DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        runs);

    /// <summary>True when times of one machine mean something on the other.</summary>
    public bool IsSameMachine(Fingerprint other) => Cpu == other.Cpu && Cpu != UnknownCpu && Cores == other.Cores;

    /// <summary>True when the JIT makes the same code of the same source.</summary>
    public bool HasSameJit(Fingerprint other) => Runtime == other.Runtime && Architecture == other.Architecture;

    private static string CpuModel()
    {
        if (!File.Exists(CpuFile))
            return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? UnknownCpu;

        // A virtual machine may hide the name of the model; its numbers tell it all the same.
        string[] lines = File.ReadAllLines(CpuFile);
        string[] parts = [.. new[] { "model name", "cpu family", "model", "CPU implementer", "CPU part" }
            .Select(key => Array.Find(lines, line => line.Split(':')[0].TrimEnd() == key)?.Split(':', 2)[1].Trim() ?? string.Empty)];
        return parts switch
        {
            [{ Length: > 0 } name, { Length: > 0 } family, var model, ..] => $"{name} (family {family}, model {model})",
            [_, _, _, { Length: > 0 } implementer, var part] => $"Arm (implementer {implementer}, part {part})",
            [{ Length: > 0 } name, ..] => name,
            _ => UnknownCpu,
        };
    }
}
