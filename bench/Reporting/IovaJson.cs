using MagAlloc.Bench.Iova;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Reporting;

/// <summary>The machine-readable report of <c>bench iova</c>.</summary>
internal sealed class IovaJson(Pace pace, IovaFindings findings) : JsonHead("iova", pace)
{
    public IEnumerable<MeasuredJson> Results => findings.Lines.Select(line => new MeasuredJson(line.Workload, line.Contender, line.Threads, line.Summary));
    public IEnumerable<Factor> OverKernelModel => findings.OverKernel.Select(row => new Factor(row.Workload, row.Threads, row.Locked, row.Spinning));
    public double? PairOverHeap => findings.PairOverHeap;
    public double? FragmentedOverEmpty => findings.FragmentedOverEmpty;

    /// <param name="Workload">Stable name.</param>
    /// <param name="Threads">Of the workload.</param>
    /// <param name="Value">Times of the kernel's model over those of the domain.</param>
    /// <param name="FactorWithSpinlocks">The same of the model with bare spinlocks.</param>
    internal sealed record Factor(
        string Workload, int Threads, [property: System.Text.Json.Serialization.JsonPropertyName("factor")] double Value, double FactorWithSpinlocks);
}
