using System.Runtime.Versioning;
using MagAlloc.Events;
using MagAlloc.Interleaving.Exploration;
using MagAlloc.Platform;
using MagAlloc.Sharing.Platform;

namespace MagAlloc.Interleaving.Events;

/// <summary>Owners that claim the machine's last memory at once.</summary>
[TestFixture]
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class CommitBudgetTests
{
    private const long MiB = 1 << 20;

    private string _root = "";

    [OneTimeSetUp]
    public void MakeMachine()
    {
        _root = Directory.CreateTempSubdirectory("magalloc-machine-").FullName;
        Directory.CreateDirectory(Path.Combine(_root, "proc"));
        File.WriteAllText(Path.Combine(_root, "proc", "meminfo"), $"MemAvailable: {40 << 10} kB\n");
    }

    [OneTimeTearDown]
    public void DeleteMachine() => Directory.Delete(_root, recursive: true);

    /// <summary>32 MiB beyond what is free of it, of 40: one is granted, and one only.</summary>
    [Test]
    public void Of_two_owners_that_want_what_one_can_have_exactly_one_gets_it()
        => Explore.Exhaustively(
            () =>
            {
                var budget = new CommitBudget(new SystemMemory(_root), freshness: 0, headroomShare: 0);
                var first = new CommitCounter(1, long.MaxValue, budget);
                var second = new CommitCounter(2, long.MaxValue, budget);
                bool one = false, two = false;
                return new Scenario
                {
                    Threads = [() => one = first.TryAdd(32 * MiB), () => two = second.TryAdd(32 * MiB)],
                    Check = () =>
                    {
                        Must.Hold(one != two, one ? "both got it" : "nobody got it");
                        Must.Be((one ? first : second).Value, 32 * MiB);
                        Must.Be((one ? second : first).Value, 0L);
                        Must.Hold(budget.Claimed is >= 24 * MiB and <= 40 * MiB, "the claim is not that of the one");
                        first.Close();
                        second.Close();
                        Must.Be(budget.Claimed, 0L);
                    },
                };
            });

    /// <summary>One grows while another shrinks and a third ends: nothing stays claimed.</summary>
    [Test]
    public void Claims_and_what_is_given_back_add_up()
        => Explore.Exhaustively(
            () =>
            {
                var budget = new CommitBudget(new SystemMemory(_root), freshness: 0, headroomShare: 0);
                var shared = new CommitCounter(1, long.MaxValue, budget);
                Must.Hold(shared.TryAdd(40 * MiB), "the premise");
                return new Scenario
                {
                    Threads = [() => shared.Subtract(36 * MiB), () => shared.TryAdd(4 * MiB), shared.Close],
                    Check = () =>
                    {
                        shared.Close();
                        Must.Be(budget.Claimed, 0L);
                    },
                };
            });
}
