using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Contenders;

/// <summary>A native library that is not installed. It keeps its line, so that nobody takes a shorter table for a whole one.</summary>
internal sealed class AbsentContender(string name, string file, string package) : Contender(name)
{
    public override string? Absence { get; } = $"{file} is not installed; on Debian: apt-get install {package}";

    public override Cell Enter(Workload workload) => throw new NotSupportedException(Absence);
}
