using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Analysis.Anomalies;

/// <summary>What is odd about a queue of exportable buffers.</summary>
internal static class BufferAnomalies
{
    private const double ShortestSeconds = 2;
    private const int FewestSamples = 10;
    private const long LeastGrowthBytes = 1L << 20;

    public static Anomaly? OrphansOnlyGrow(OwnerHistory owner)
    {
        if (owner.Buffers is not { } buffers
            || !Growth.IsSteady(owner, buffers.Samples.Select(sample => (sample.Seconds, sample.OrphanedBytes)), FewestSamples, ShortestSeconds, out Growth growth)
            || growth.Last - growth.First < LeastGrowthBytes)
        {
            return null;
        }

        return new Anomaly(
            AnomalyKind.OrphansOnlyGrow,
            Severity.Warning,
            $"The orphaned bytes of {owner.Title} only grow: from {Text.Bytes(growth.First)} to {Text.Bytes(growth.Last)} in {Text.Number(growth.Seconds, "0.0")} s. "
            + "Importers keep buffers that are released; a revocable profile released with a deadline takes them back, a lower quota stops it earlier.");
    }

    public static Anomaly? QuotaExceeded(OwnerHistory owner)
    {
        if (owner.Buffers is not { Refusals.Count: > 0 } buffers)
            return null;
        IEnumerable<string> quotas = buffers.Refusals.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Key} {Text.Count(pair.Value)}");
        return new Anomaly(
            AnomalyKind.QuotaExceeded,
            Severity.Warning,
            $"{owner.Title} refused {Text.Plural(buffers.Refusals.Values.Sum(), "request")} at its quotas: {string.Join(", ", quotas)}. "
            + $"At most {Text.Bytes(buffers.PeakOrphanedBytes)} were orphaned.");
    }
}
