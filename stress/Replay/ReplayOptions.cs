using MagAlloc.Stress.Verification;

namespace MagAlloc.Stress.Replay;

/// <summary>How to replay.</summary>
internal sealed record ReplayOptions
{
    public ReplayAllocatorKind Allocator { get; init; }

    /// <summary>One real thread for each thread of the trace.</summary>
    public bool Threaded { get; init; }

    public CheckLevel Checks { get; init; }

    public VerifyMode Verify { get; init; } = VerifyMode.Sampled;

    /// <summary>Timed passes after the warm-up; the fastest counts, since all noise only adds.</summary>
    public int TimedPasses { get; init; } = 15;

    /// <summary>A replay over its memory budget fails.</summary>
    public bool EnforceBudget { get; init; }
}
