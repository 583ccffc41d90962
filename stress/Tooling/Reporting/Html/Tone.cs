namespace MagAlloc.Tooling.Reporting.Html;

/// <summary>How a figure or a sentence is to be taken.</summary>
internal enum Tone
{
    Neutral,
    Good,
    Info,
    Warning,
    Error,
}
