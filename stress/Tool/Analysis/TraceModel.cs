using MagAlloc.Tool.Analysis.Reading;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Analysis;

/// <summary>What a trace says, in the terms of the engine.</summary>
internal sealed record TraceModel
{
    public required string File { get; init; }

    public long FileBytes { get; init; }

    /// <summary>How far the file goes, of a process or a tracer that was killed; null if it has its end.</summary>
    public TraceExtent? Cut { get; init; }

    /// <summary>Where a trace without an end breaks off, and what may be missing; null if it has its end.</summary>
    public string? CutNote => Cut is null
        ? null
        : $"{Cut.Where}, {Text.Number(Seconds, "0.000")} s after its beginning, because {Cut.Why}. "
            + $"What {(Cut.IsDamaged ? "lies behind" : "was still on its way")} is missing, and so are names of methods, which come last";

    /// <summary>The process that was traced.</summary>
    public string Process { get; init; } = string.Empty;

    public int ProcessId { get; init; }

    /// <summary>When the session began, local time of the process.</summary>
    public DateTime Start { get; init; }

    /// <summary>From the beginning of the session to the last event that is not rundown.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Events of all providers.</summary>
    public long Events { get; init; }

    /// <summary>Events that the session's buffers had no room for.</summary>
    public long DroppedEvents { get; init; }

    /// <summary>Events of the engine, by name.</summary>
    public IReadOnlyDictionary<string, long> EngineEvents { get; init; } = new Dictionary<string, long>();

    public IReadOnlyList<OwnerHistory> Owners { get; init; } = [];

    public IReadOnlyList<ThreadHistory> Threads { get; init; } = [];

    public IReadOnlyList<GcPause> GcPauses { get; init; } = [];

    /// <summary>The heaviest first.</summary>
    public IReadOnlyList<AllocationStack> Stacks { get; init; } = [];

    public IReadOnlyList<AllocationSite> Sites => AllocationSite.Of(Stacks);

    /// <summary>Injected faults by fault point.</summary>
    public IReadOnlyDictionary<string, long> Faults { get; init; } = new Dictionary<string, long>();

    public double Seconds => Duration.TotalSeconds;

    public long DepotExchanges => Owners.Sum(owner => owner.DepotExchanges);

    public long ReclaimedMagazines => Owners.Sum(owner => owner.ReclaimedMagazines);

    /// <summary>Events have the exact number; a plan may serve several owners, so their statistics are only asked where there are none.</summary>
    public long InjectedFaults => Faults.Count != 0 ? Faults.Values.Sum() : Owners.Select(owner => owner.InjectedFaults).DefaultIfEmpty().Max();

    /// <summary>Of the owner that had the most.</summary>
    public long PeakCommittedBytes => Owners.Select(owner => owner.PeakCommittedBytes).DefaultIfEmpty().Max();

    public long SampledBytes => Stacks.Sum(stack => stack.Bytes);
}
