namespace MagAlloc.Tooling.Reporting.Html;

/// <summary>A call stack in a list.</summary>
/// <param name="Share">Of the whole, 0 to 1.</param>
/// <param name="Amount">In words.</param>
/// <param name="Title">What is seen of it while it is folded.</param>
/// <param name="Frames">The innermost first.</param>
internal sealed record HtmlStack(double Share, string Amount, string Title, IReadOnlyList<string> Frames);
