using MagAlloc.Tests.Iova.Support;

namespace MagAlloc.Tests.Iova.Model;

/// <summary>The domain against a sorted-set model with the kernel's rules: a million operations for each seed.</summary>
[TestFixture]
[Parallelizable(ParallelScope.Self)]
public sealed class IovaModelTests
{
    private const int Steps = 1_000_000;

    private static readonly int[] s_seeds = [1, 20_260_511];

    private static readonly IovaSetting[] s_settings =
    [
        new(UnitBits: 36, Start: 1, Fast: false, CheckLevel.None, Crowded: false),
        new(UnitBits: 13, Start: 0, Fast: false, CheckLevel.None, Crowded: true),
        new(UnitBits: 36, Start: 1, Fast: true, CheckLevel.None, Crowded: false),
        new(UnitBits: 12, Start: 1, Fast: true, CheckLevel.None, Crowded: true),
        new(UnitBits: 16, Start: 77, Fast: true, CheckLevel.Basic, Crowded: true),
    ];

    [Test]
    public void Domain_DoesWhatTheModelDoes(
        [ValueSource(nameof(s_settings))] IovaSetting setting, [ValueSource(nameof(s_seeds))] int seed)
        => Run(setting, seed);

    /// <summary>A seed of its own for each run, printed: what the fixed ones miss, some run will meet.</summary>
    [Test]
    public void Domain_DoesWhatTheModelDoes_FreshSeed([Values] bool checks)
        => Run(new(UnitBits: 12, Start: 1, Fast: true, checks ? CheckLevel.Basic : CheckLevel.None, Crowded: true), Environment.TickCount);

    [Test]
    public void Domain_WithRandomFaults_OnlyRefuses([Values(CheckLevel.None, CheckLevel.Basic)] CheckLevel checks, [Values] bool fast)
    {
        int seed = Environment.TickCount;
        FaultPlan plan = FaultPlan.Random(0.2, seed: (ulong)seed);
        plan.Enabled = false;
        IovaSetting setting = new(UnitBits: 14, Start: 3, fast, checks, Crowded: true, Faulty: true);
        using IovaDomain domain = Spaces.Quiet(setting.UnitBits, setting.Start, checks, faults: plan);
        using IovaModelRun run = new(domain, setting, seed);
        plan.Enabled = true;
        Run(run, setting, seed, Steps / 5, () => plan.Enabled = false);
        Assert.That(plan.Injected, Is.GreaterThan(100));
    }

    private static void Run(IovaSetting setting, int seed)
    {
        ReclaimPolicy policy = seed % 2 == 0 ? ReclaimPolicy.Flat : ReclaimPolicy.WorkingSet;
        using IovaDomain domain = Spaces.Quiet(setting.UnitBits, setting.Start, setting.Checks, policy, threshold: 1);
        using IovaModelRun run = new(domain, setting, seed);
        Run(run, setting, seed, Steps, static () => { });
    }

    private static void Run(IovaModelRun run, IovaSetting setting, int seed, int steps, Action beforeTheEnd)
    {
        TestContext.Out.WriteLine($"{setting}: seed {seed}");
        try
        {
            run.Run(steps);
            beforeTheEnd();
            run.End();
        }
        catch
        {
            TestContext.Out.WriteLine($"seed {seed}, step {run.Step}: {run.Operation}");
            throw;
        }

        TestContext.Out.WriteLine($"{run.Allocations} allocations, {run.Refusals} refusals");
        Assert.That(run.Allocations, Is.GreaterThan(steps / 20), "the premise: the run allocates");
        if (setting.Crowded)
        {
            Assert.That(run.Refusals, Is.GreaterThan(steps / 200), "the premise: the space runs out");
        }
    }
}
