using System.Text.Json.Serialization;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Reporting;

/// <summary>The machine-readable report of <c>bench compare</c>.</summary>
internal sealed class ComparisonJson(Pace pace, Scoreboard board) : JsonHead("compare", pace)
{
    private readonly Pace _pace = pace;

    public double RoundMilliseconds => _pace.Round.TotalMilliseconds;
    public IEnumerable<Result> Results => board.Lines.Where(line => line.Summary is not null).Select(line => new Result(line, line.Summary!));
    public IEnumerable<NoResult> Skipped => board.Lines.Where(line => line.Reason is not null)
        .Select(line => new NoResult(line.Workload, line.Contender, line.Threads, line.Absent, line.Failed, line.Reason!, line.AgedBy));
    public IReadOnlyDictionary<string, Means> Geomeans => MeansOf(WorkloadGroup.Board);
    public IReadOnlyDictionary<string, Means> GeomeansLargeAndAged => MeansOf(WorkloadGroup.LargeAndAged);

    private Dictionary<string, Means> MeansOf(WorkloadGroup group) => board.Means.Where(mean => mean.Group == group).ToDictionary(
        mean => mean.Contender, mean => new Means(mean.BestPeer, mean.BestPeerSingleThread, mean.NativeMemory, mean.Workloads));

    internal sealed class Result(ComparisonLine line, RoundSummary summary) : MeasuredJson(line.Workload, line.Contender, line.Threads, summary)
    {
        private const double NsPerMs = 1e6;

        private readonly RoundSummary _summary = summary;

        public int Rounds => _summary.Rounds;
        public long? PeakResidentBytes => line.Resident?.PeakBytes;
        public long? ResidentGrowthBytes => line.Resident?.GrowthBytes;
        public long? P50Ns => line.Latency?.P50;
        public long? P99Ns => line.Latency?.P99;
        public long? P999Ns => line.Latency?.P999;
        public long? MaxNs => line.Latency?.Max;
        public double? TimerNs => line.Latency?.TimerNs;

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? AgedBy => line.AgedBy;

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? Remark => line.Remark;

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public double? FirstAllocationMs => line.Workload == ColdStartWorkload.StableName ? _summary.Median / NsPerMs : null;

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public double? RemainingShare => line.Idle?.RemainingShare;

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public long? EndResidentBytes => line.Idle?.EndBytes;

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public long? ResidentAfterIdleBytes => line.Idle?.LeftBytes;

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public double? ReturnedPercent => line.Idle?.ReturnedPercent;

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public double? BytesPerIdleThread => line.Idle?.BytesPerThread;

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public double? IdleSeconds => line.Idle?.IdleSeconds;

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public double? FirstBurstNsPerOperation => line.Idle?.FirstNs;

        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public IEnumerable<Point>? Timeline => line.Idle?.Timeline.Select(point => new Point(point.Milliseconds, point.Bytes));
    }

    internal sealed record Point(double Ms, long ResidentBytes);

    internal sealed record NoResult(string Workload, string Contender, int Threads, bool Absent, bool Failed, string Reason,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? AgedBy);

    internal sealed record Means(double? BestNativePeer, double? BestNativePeerSingleThread, double? NativeMemory, int Workloads);
}
