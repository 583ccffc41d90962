using MagAlloc.Bench.Workloads;

namespace MagAlloc.Tests.Bench.Workloads;

/// <summary>The catalogue as test cases.</summary>
internal static class WorkloadNames
{
    // Rounds of some hundred MiB, or in processes of their own: they have tests of their own.
    private static readonly string[] s_others = ["burst-idle", "churn-idle", "cold-start"];

    public static IEnumerable<string> All => WorkloadCatalog.All.Select(entry => entry.Name).Except(s_others);

    public static WorkloadEntry Entry(string name) => WorkloadCatalog.All.Single(entry => entry.Name == name);
}
