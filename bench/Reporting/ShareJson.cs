using System.Text.Json.Serialization;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Share;

namespace MagAlloc.Bench.Reporting;

/// <summary>The machine-readable report of <c>bench share</c>: of frames, or of single steps.</summary>
internal sealed class ShareJson(Pace pace) : JsonHead("share", pace)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? FrameBytes { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IEnumerable<MeasuredJson>? Results { get; private init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IEnumerable<Took>? Steps { get; private init; }

    public static ShareJson Of(Pace pace, int frameBytes, IReadOnlyList<ShareLine> lines) => new(pace)
    {
        FrameBytes = frameBytes,
        Results = lines.Select(line => new MeasuredJson(line.Workload, line.Contender, null, line.Summary)),
    };

    public static ShareJson Of(Pace pace, IReadOnlyList<(string Step, double Microseconds)> steps) =>
        new(pace) { Steps = steps.Select(step => new Took(step.Step, step.Microseconds)) };

    internal sealed record Took(string Step, double Microseconds);
}
