namespace MagAlloc.Tooling.Reporting.Html;

/// <summary>One of the figures on top of a page.</summary>
internal sealed record HtmlCard(string Name, string Value, string Note = "", Tone Tone = Tone.Neutral);
