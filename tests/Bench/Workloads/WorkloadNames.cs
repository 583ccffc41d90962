using MagAlloc.Bench.Workloads;

namespace MagAlloc.Tests.Bench.Workloads;

/// <summary>The catalogue as test cases.</summary>
internal static class WorkloadNames
{
    // Its rounds are idle times: it has tests of its own.
    private const string Timed = "burst-idle";

    public static IEnumerable<string> All => WorkloadCatalog.All.Select(entry => entry.Name).Where(name => name != Timed);

    public static WorkloadEntry Entry(string name) => WorkloadCatalog.All.Single(entry => entry.Name == name);
}
