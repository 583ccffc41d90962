using System.Text.Json.Serialization;

namespace MagAlloc.Bench.Gate.Baselines;

/// <summary>What an entry was when the baselines were recorded.</summary>
/// <param name="Name">Stable name.</param>
/// <param name="Class">"exact", "ratio" or "report".</param>
/// <param name="Value">In <paramref name="Unit"/>.</param>
/// <param name="Unit">For people, and checked: a value in another unit is another entry.</param>
internal sealed record Baseline(string Name, string Class, double Value, string Unit)
{
    /// <summary>Of a ratio: by how much it may be exceeded, 0.1 for a tenth.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Threshold { get; init; }

    /// <summary>Of a ratio: nanoseconds per operation below which a difference never fails.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? FloorNs { get; init; }
}
