using System.Collections.Frozen;

namespace MagAlloc.Bench.Contenders;

/// <summary>A contender in the catalogue, not yet made: making one reserves address space or loads a library.</summary>
internal sealed record ContenderEntry(string Name, string Description, Func<string, Contender> Factory)
{
    /// <summary>What must stand in the environment before the process of this contender starts.</summary>
    public IReadOnlyDictionary<string, string> ChildEnvironment { get; init; } = FrozenDictionary<string, string>.Empty;

    /// <summary>What it stands for in the comparison; set for every entry.</summary>
    public required ContenderKind Kind { get; init; }

    public Contender Create() => Factory(Name);
}
