namespace MagAlloc.Bench.Measurement;

/// <summary>How long is measured.</summary>
/// <param name="Name">Tells a child process which pace it is.</param>
/// <param name="Rounds">Measured rounds of each contender.</param>
/// <param name="Round">Length of a round, by the speed that the warm-up has shown.</param>
/// <param name="WarmUp">Shortest warm-up of each contender.</param>
internal sealed record Pace(string Name, int Rounds, TimeSpan Round, TimeSpan WarmUp)
{
    public static Pace Full { get; } = new("full", 15, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(600))
    {
        LatencyPass = TimeSpan.FromMilliseconds(400),
        Idle = TimeSpan.FromSeconds(3),
        LongIdle = TimeSpan.FromSeconds(10),
        Bursts = 3,
        Ageing = TimeSpan.FromSeconds(1),
        StartAhead = 1,
    };

    public static Pace Quick { get; } = new("quick", 5, TimeSpan.FromMilliseconds(30), TimeSpan.FromMilliseconds(100))
    {
        LatencyPass = TimeSpan.FromMilliseconds(40),
        Idle = TimeSpan.FromSeconds(1.5),
        LongIdle = TimeSpan.FromSeconds(2),
        Bursts = 1,
        Ageing = TimeSpan.FromMilliseconds(200),
        StartAhead = 2,
        TieringDelay = TimeSpan.FromMilliseconds(20),
    };

    /// <summary>How long single operations are timed.</summary>
    public required TimeSpan LatencyPass { get; init; }

    /// <summary>How long nothing is called after a burst.</summary>
    public required TimeSpan Idle { get; init; }

    /// <summary>The same for a workload about a long time.</summary>
    public required TimeSpan LongIdle { get; init; }

    /// <summary>Rounds of a workload that idles: each takes seconds.</summary>
    public required int Bursts { get; init; }

    /// <summary>How long a workload ages the heap of another one, beyond its own warm-up.</summary>
    public required TimeSpan Ageing { get; init; }

    /// <summary>How many child processes warm up at a time.</summary>
    public required int StartAhead { get; init; }

    /// <summary>
    /// How long the runtime of a child waits before it compiles a loop again; null for its own 100 ms. The code is the same, only
    /// earlier.
    /// </summary>
    public TimeSpan? TieringDelay { get; init; }
}
