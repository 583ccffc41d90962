namespace MagAlloc.Tool.Analysis.Anomalies;

/// <summary>How much an anomaly matters.</summary>
internal enum Severity
{
    /// <summary>Worth knowing; may be as intended.</summary>
    Info,

    /// <summary>Costs memory or time.</summary>
    Warning,

    /// <summary>The program is wrong, or the trace does not tell all.</summary>
    Error,
}
