namespace MagAlloc.Tool.Analysis;

/// <summary>What <c>stress analyze</c> is asked for.</summary>
internal sealed record AnalyzeRequest
{
    public required string File { get; init; }

    public string? JsonFile { get; init; }

    public string? HtmlFile { get; init; }

    public string? SpeedscopeFile { get; init; }

    /// <summary>A trace without an end is refused.</summary>
    public bool Strict { get; init; }

    /// <summary>Call stacks to be listed.</summary>
    public int Stacks { get; init; } = 20;
}
