using System.Text.Json.Serialization;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.InitSweep;

/// <summary>What the sweep of one component found.</summary>
internal sealed record ComponentResult
{
    public required string Name { get; init; }

    /// <summary>Fallible steps that were made to fail, one attempt each.</summary>
    public long FaultPoints { get; init; }

    /// <summary>Kinds of step that were reached and of which all were made to fail.</summary>
    public long LastingFaults { get; init; }

    /// <summary>Of both, the ones the component got over by itself (a smaller reservation, a flush and a retry).</summary>
    public long AbsorbedFaults { get; init; }

    /// <summary>Pairs of steps that were made to fail: the second in what the first one's failure set off, or behind that.</summary>
    public long Pairs { get; init; }

    /// <summary>Bytes of mappings that every repetition of a failed attempt left behind, summed over the steps.</summary>
    public long LeakedBytes { get; init; }

    public long LeftoverMappings { get; init; }

    public long LeftoverThreads { get; init; }

    public long LeftoverDescriptors { get; init; }

    /// <summary>Times the component was built, or its building was tried.</summary>
    public long Attempts { get; init; }

    public long InjectedFaults { get; init; }

    /// <summary>Durations of the attempts.</summary>
    [JsonIgnore]
    public LatencyHistogram Latency { get; init; } = new();

    [JsonIgnore]
    public IReadOnlyList<string> Failures { get; init; } = [];
}
