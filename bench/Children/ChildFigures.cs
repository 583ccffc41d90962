using System.Text.Json;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Children;

/// <summary>What a child has to tell at its end, beside the times of its rounds.</summary>
/// <param name="Settled">False when the JIT was still at work as the rounds began.</param>
/// <param name="Resident">Null when the system does not tell.</param>
/// <param name="Latency">Null when single operations were not timed.</param>
/// <param name="Idle">Null but for a workload that idles.</param>
/// <param name="Remark">What must be known of the figures; null for nothing.</param>
internal sealed record ChildFigures(
    bool Settled, ResidentFigures? Resident, LatencyFigures? Latency, IdleFigures? Idle, string? Remark = null)
{
    /// <summary>As one line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ChildJson.Default.ChildFigures);

    /// <exception cref="JsonException">The text is not of this form.</exception>
    public static ChildFigures Parse(string text) =>
        JsonSerializer.Deserialize(text, ChildJson.Default.ChildFigures) ?? throw new JsonException("null is no figures");
}
