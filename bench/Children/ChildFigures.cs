using System.Text.Json;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Children;

/// <summary>What a child has to tell at its end, beside the times of its rounds.</summary>
internal sealed record ChildFigures(bool Settled, ResidentFigures? Resident, LatencyFigures? Latency, IdleFigures? Idle)
{
    /// <summary>As one line.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ChildJson.Default.ChildFigures);

    /// <exception cref="JsonException">The text is not of this form.</exception>
    public static ChildFigures Parse(string text) =>
        JsonSerializer.Deserialize(text, ChildJson.Default.ChildFigures) ?? throw new JsonException("null is no figures");
}
