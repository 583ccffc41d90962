namespace MagAlloc.Tool.Analysis.Anomalies;

/// <summary>Something in a trace that a person should look at.</summary>
/// <param name="Kind">One word for programs; never renamed.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Text">What was seen, with the figures, and what it may mean.</param>
internal sealed record Anomaly(string Kind, Severity Severity, string Text);
