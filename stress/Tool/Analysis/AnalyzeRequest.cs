namespace MagAlloc.Tool.Analysis;

/// <summary>What <c>analyze</c> is asked for.</summary>
internal sealed record AnalyzeRequest
{
    /// <summary>The program's name, for its messages.</summary>
    public required string Program { get; init; }

    public required string File { get; init; }

    public string? JsonFile { get; init; }

    public string? HtmlFile { get; init; }

    public string? SpeedscopeFile { get; init; }

    /// <summary>A trace without an end is refused.</summary>
    public bool Strict { get; init; }

    /// <summary>Call stacks to be listed.</summary>
    public int Stacks { get; init; } = 20;
}
