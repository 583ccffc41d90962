namespace MagAlloc.Interleaving.Magazines;

/// <summary>Which numbers have left a <see cref="CountedSource"/>.</summary>
internal sealed class SourceBook(int resources)
{
    public bool[] IsOut { get; } = new bool[resources + 1];

    /// <summary>The engine was closed and its magazines zeroed: a thread still inside may bring zeroes.</summary>
    public bool IsDiscarded { get; set; }
}
