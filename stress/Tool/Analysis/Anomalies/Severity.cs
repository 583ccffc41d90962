using System.Text.Json.Serialization;

namespace MagAlloc.Tool.Analysis.Anomalies;

/// <summary>How much an anomaly matters.</summary>
internal enum Severity
{
    /// <summary>Worth knowing; may be as intended.</summary>
    [JsonStringEnumMemberName("info")]
    Info,

    /// <summary>Costs memory or time.</summary>
    [JsonStringEnumMemberName("warning")]
    Warning,

    /// <summary>The program is wrong, or the trace does not tell all.</summary>
    [JsonStringEnumMemberName("error")]
    Error,
}
