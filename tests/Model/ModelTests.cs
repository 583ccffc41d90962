using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Model;

/// <summary>The heap against a reference heap: every operation, several seeds, every check level.</summary>
[TestFixture]
public sealed class ModelTests
{
    private const int Steps = 20_000;

    private static readonly int[] s_seeds = [1, 2, 3, 20_251_101];

    [Test]
    public void Heap_DoesWhatTheReferenceHeapDoes([Values] CheckLevel checks, [ValueSource(nameof(s_seeds))] int seed)
    {
        ReclaimPolicy policy = seed % 2 == 0 ? ReclaimPolicy.Flat : ReclaimPolicy.WorkingSet;
        using NativeHeap heap = Heaps.Quiet(checks, policy: policy, threshold: seed % 3);
        ModelRun run = Run(heap, seed, Steps);

        Assert.That(run.Refusals, Is.Zero);
        Books.BalanceEmpty(heap, $"seed {seed}");
        Assert.That(heap.GetStatistics().CommittedBytes, Is.LessThanOrEqualTo(2 * Heaps.MiB));
    }

    [Test]
    public void Heap_UnderATightLimit_OnlyRefuses([Values] CheckLevel checks, [Values(11, 12)] int seed)
    {
        using NativeHeap heap = Heaps.Quiet(checks, byteLimit: 2 * Heaps.MiB);
        ModelRun run = Run(heap, seed, Steps / 2);

        Assert.That(run.Refusals, Is.GreaterThan(0), "the premise: the limit was reached");
        Books.BalanceEmpty(heap, $"seed {seed}");
        Assert.That(heap.GetStatistics().PeakCommittedBytes, Is.LessThanOrEqualTo(2 * Heaps.MiB));
    }

    [Test]
    public void Heap_WithRandomFaults_OnlyRefuses([Values] CheckLevel checks, [Values(21, 22)] int seed)
    {
        FaultPlan plan = FaultPlan.Random(0.2, seed: (ulong)seed);
        plan.Enabled = false;
        using NativeHeap heap = Heaps.Quiet(checks, faults: plan);
        plan.Enabled = true;
        Run(heap, seed, Steps / 2);
        plan.Enabled = false;

        Assert.That(plan.Injected, Is.GreaterThan(0));
        Books.BalanceEmpty(heap, $"seed {seed}");
    }

    [Test]
    public void Heap_WithItsWorker_DoesWhatTheReferenceHeapDoes([Values] CheckLevel checks)
    {
        using NativeHeap heap = Heaps.WithWorker(checks, intervalMs: 1);
        Run(heap, 31, Steps / 2);
        Assert.That(heap.GetStatistics().LiveBlocks(), Is.Zero);
    }

    private static ModelRun Run(NativeHeap heap, int seed, int steps)
    {
        ModelRun run = new(heap, seed);
        try
        {
            run.Run(steps);
        }
        catch
        {
            TestContext.Out.WriteLine($"seed {seed}, step {run.Step}, {heap.Checks}: {run.Operation}");
            throw;
        }

        return run;
    }
}
