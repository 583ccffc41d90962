namespace MagAlloc.Interleaving.Exploration;

/// <summary>One small concurrent program: built afresh for every schedule that is tried.</summary>
internal sealed unsafe class Scenario
{
    /// <summary>What the virtual threads do. Every atomic access inside is a step.</summary>
    public required Action[] Threads { get; init; }

    /// <summary>Runs on each virtual thread's own OS thread, one after the other and unscheduled, before the first step.</summary>
    public Action<int>? Prepare { get; init; }

    /// <summary>The claim, checked when every thread has ended or is stopped for good. Throws when it does not hold.</summary>
    public Action? Check { get; init; }

    /// <summary>The claim once a thread that was stopped has come to its end after all.</summary>
    public Action? CheckAtRest { get; init; }

    /// <summary>Releases what the scenario holds.</summary>
    public Action? Cleanup { get; init; }

    /// <summary>
    /// Native memory whose release stores may stay in the writing thread's store buffer too, in their order, as on x64:
    /// what a store-then-load protocol (Dekker) needs a full fence against.
    /// </summary>
    public byte* Watched { get; init; }

    public int WatchedBytes { get; init; }
}
