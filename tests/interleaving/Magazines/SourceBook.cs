using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>Which numbers have left a <see cref="CountedSource"/>.</summary>
internal sealed class SourceBook(int resources)
{
    public bool[] IsOut { get; } = new bool[resources + 1];

    /// <summary>The engine was closed and its magazines zeroed: a thread still inside may bring zeroes.</summary>
    public bool IsDiscarded { get; set; }

    /// <summary>What the closed engine left: for slow steps, such as the source's, and for fast paths.</summary>
    public Remains? Steps { get; set; }

    public Remains? Looks { get; set; }

    public void Bequeath(Remains steps, Remains looks) => (Steps, Looks) = (steps, looks);

    public void RequireSteps() => Must.Hold(Steps is not { IsGone: true }, "what a slow step uses is mapped");

    public void RequireLooks() => Must.Hold(Looks is not { IsGone: true }, "what a fast path looks at is mapped");
}
