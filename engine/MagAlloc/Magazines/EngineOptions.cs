using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>What a <see cref="MagazineEngine{TSource}"/> is built from.</summary>
/// <param name="Name">Name of the owner, for exceptions.</param>
/// <param name="Classes">The classes; class i has code i + 1.</param>
/// <param name="ExtraCodes">Codes above the classes that are never cached.</param>
/// <param name="MagazineCapacity">Upper bound on the number of magazines; address space only.</param>
/// <param name="Committed">Charged for the memory of magazines and caches.</param>
/// <param name="Policy">Rule of the reclaim pass.</param>
/// <param name="Threshold">Magazines a depot may keep under <see cref="ReclaimPolicy.Flat"/>.</param>
/// <param name="Faults">Plan asked before every fallible step, or null.</param>
/// <param name="Id">The engine's number (<see cref="EngineIds.Next"/>), where its owner needed it before; 0: a new one.</param>
/// <param name="LeastMagazines">So few will do where address space is short; 0: no fewer than the capacity.</param>
internal sealed record EngineOptions(
    string Name,
    MagazineClass[] Classes,
    int ExtraCodes,
    int MagazineCapacity,
    BoundedCounter Committed,
    ReclaimPolicy Policy,
    int Threshold,
    FaultPlan? Faults,
    long Id = 0,
    int LeastMagazines = 0);
