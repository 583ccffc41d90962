namespace MagAlloc.Bench.Children;

/// <summary>
/// The words between a child process and its parent. The child first says <see cref="Ready"/>, <see cref="ReadyToIdle"/>, <see cref="Absent"/> or
/// <see cref="Unfit"/>, and then answers each command with one line; <see cref="Failed"/> can stand in place of every answer.
/// </summary>
internal static class Protocol
{
    /// <summary>The argument that makes the program a child.</summary>
    public const string Subcommand = "child";

    /// <summary>Command: run a measured round.</summary>
    public const string Round = "round";

    /// <summary>Command: end the rounds, take their resident set, and warm up for <see cref="Latency"/>.</summary>
    public const string Rehearse = "rehearse";

    /// <summary>Command: time single allocations.</summary>
    public const string Latency = "latency";

    /// <summary>Command: free everything, tell the figures and end.</summary>
    public const string Finish = "finish";

    /// <summary>Answer: warmed up; followed by what one operation of the workload is.</summary>
    public const string Ready = "ready";

    /// <summary>Answer: the same, of a workload that idles after each round.</summary>
    public const string ReadyToIdle = "ready-to-idle";

    /// <summary>Answer: the contender is not installed; followed by what brings it.</summary>
    public const string Absent = "absent";

    /// <summary>Answer: the workload is not for this contender; followed by the reason.</summary>
    public const string Unfit = "unfit";

    /// <summary>Answer: done; after a round followed by its nanoseconds per operation.</summary>
    public const string Done = "done";

    /// <summary>Answer: the figures, as one line of JSON.</summary>
    public const string Figures = "figures";

    /// <summary>Answer: it did not work; followed by the reason.</summary>
    public const string Failed = "failed";
}
