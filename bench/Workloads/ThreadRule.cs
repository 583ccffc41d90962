namespace MagAlloc.Bench.Workloads;

/// <summary>On how many threads a workload can run.</summary>
internal sealed class ThreadRule
{
    private readonly int _step;

    private ThreadRule(int? fixedCount, int step, int usual, string accepted)
    {
        Fixed = fixedCount;
        _step = step;
        Default = usual;
        Accepted = accepted;
    }

    /// <summary>A workload about one thread.</summary>
    public static ThreadRule One { get; } = Exactly(1);

    /// <summary>Any number; without a wish one for each processor: a workload about threads.</summary>
    public static ThreadRule Any { get; } = new(null, 1, Environment.ProcessorCount, "any number of threads");

    /// <summary>Any number; without a wish one: a workload about the shortest path, that also shows how it scales.</summary>
    public static ThreadRule AnyFromOne { get; } = new(null, 1, 1, "any number of threads");

    /// <summary>Any number; without a wish two hundred: a workload about many threads.</summary>
    public static ThreadRule AnyFromMany { get; } = new(null, 1, 200, "any number of threads");

    /// <summary>An even number, half of them for each of two roles; without a wish one for each processor, at least two.</summary>
    public static ThreadRule Pairs { get; } =
        new(null, 2, Math.Max(2, Environment.ProcessorCount / 2 * 2), "an even number of threads");

    /// <summary>The one count it runs on; null when it takes several.</summary>
    public int? Fixed { get; }

    /// <summary>The count when none is asked for.</summary>
    public int Default { get; }

    /// <summary>What it accepts, in words, to follow "runs on".</summary>
    public string Accepted { get; }

    /// <summary>This count and no other.</summary>
    public static ThreadRule Exactly(int threads) =>
        new(threads, threads, threads, threads == 1 ? "1 thread only" : $"{threads} threads only");

    public bool Accepts(int threads) => Fixed is { } only ? threads == only : threads >= _step && threads % _step == 0;
}
