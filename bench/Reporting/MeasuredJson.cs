using System.Text.Json.Serialization;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Reporting;

/// <summary>A result of any measuring command.</summary>
internal class MeasuredJson(string workload, string contender, int? threads, RoundSummary summary)
{
    [JsonPropertyOrder(-1)]
    public string Workload => workload;

    [JsonPropertyOrder(-1)]
    public string Contender => contender;

    [JsonPropertyOrder(-1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Threads => threads;

    [JsonPropertyOrder(-1)]
    public double NsPerOperation => summary.Median;

    [JsonPropertyOrder(-1)]
    public Extremes Spread => new(summary.Min, summary.Max);

    [JsonPropertyOrder(-1)]
    public double OperationsPerSecond => Math.Round(summary.OperationsPerSecond);

    [JsonPropertyOrder(-1)]
    public bool Settled => summary.Settled;

    internal sealed record Extremes(double Min, double Max);
}
