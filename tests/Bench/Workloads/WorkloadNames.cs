using MagAlloc.Bench.Workloads;

namespace MagAlloc.Tests.Bench.Workloads;

/// <summary>The catalogue as test cases.</summary>
internal static class WorkloadNames
{
    // Each round of theirs is some hundred MiB: they have tests of their own.
    private static readonly string[] s_bursts = ["burst-idle", "churn-idle"];

    public static IEnumerable<string> All => WorkloadCatalog.All.Select(entry => entry.Name).Except(s_bursts);

    public static WorkloadEntry Entry(string name) => WorkloadCatalog.All.Single(entry => entry.Name == name);
}
