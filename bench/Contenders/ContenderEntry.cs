using System.Collections.Frozen;

namespace MagAlloc.Bench.Contenders;

/// <summary>A contender in the catalogue, not yet made: making one reserves address space or loads a library.</summary>
internal sealed record ContenderEntry(string Name, string Description, Func<string, Contender> Factory)
{
    /// <summary>What must stand in the environment before the process of this contender starts.</summary>
    public IReadOnlyDictionary<string, string> ChildEnvironment { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>What it stands for in the comparison; set for every entry.</summary>
    public required ContenderKind Kind { get; init; }

    /// <summary>How a process of <c>cold-start</c> allocates by it: the arguments of <see cref="Children.ColdStart"/>; null when it cannot.</summary>
    public IReadOnlyList<string>? ColdStart { get; init; }

    public Contender Create() => Factory(Name);
}
