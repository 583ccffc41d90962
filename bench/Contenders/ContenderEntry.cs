namespace MagAlloc.Bench.Contenders;

/// <summary>A contender in the catalogue, not yet made: making one reserves address space or loads a library.</summary>
internal sealed record ContenderEntry(string Name, string Description, Func<string, Contender> Factory)
{
    public Contender Create() => Factory(Name);
}
