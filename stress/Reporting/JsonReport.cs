using System.Text.Json;
using MagAlloc.Stress.InitSweep;
using MagAlloc.Stress.Replay;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Reporting;

/// <summary>The machine-readable report. Keys are part of the program's contract: add, never rename.</summary>
internal static class JsonReport
{
    public static void Write(Utf8JsonWriter json, RunReport report)
    {
        json.WriteString("outcome", report.Passed ? "pass" : "fail");
        json.WriteString("command", report.Command);
        json.WriteNumber("seed", report.Seed);
        json.WriteBoolean("interrupted", report.Interrupted);
        json.WriteNumber("elapsedSeconds", Math.Round(report.Elapsed.TotalSeconds, 3));
        json.WriteNumber("operations", report.Operations);
        json.WriteNumber("operationsPerSecond", Math.Round(report.OperationsPerSecond));
        json.WriteNumber("corruptions", report.Corruptions);
        json.WriteNumber("leakedBlocks", report.LeakedBlocks);
        json.WriteNumber("injectedFaults", report.InjectedFaults);
        json.WriteNumber("depotExchanges", report.DepotExchanges);
        json.WriteNumber("reclaimedMagazines", report.ReclaimedMagazines);
        json.WriteNumber("peakCommittedBytes", report.PeakCommittedBytes);
        json.WriteNumber("endCommittedBytes", report.EndCommittedBytes);
        WriteLatency(json, report);
        WriteHammer(json, report);
        WriteTraces(json, report);
        WriteComponents(json, report);
        WriteIova(json, report);
        WriteShare(json, report);
        json.WriteStartArray("failures");
        foreach (string failure in report.Failures)
            json.WriteStringValue(failure);
        json.WriteEndArray();
    }

    private static void WriteLatency(Utf8JsonWriter json, RunReport report)
    {
        json.WriteStartObject("latencyNs");
        json.WriteNumber("p50", report.Latency.Percentile(0.5));
        json.WriteNumber("p99", report.Latency.Percentile(0.99));
        json.WriteNumber("p999", report.Latency.Percentile(0.999));
        json.WriteNumber("max", report.Latency.Max);
        json.WriteNumber("samples", report.Latency.Count);
        json.WriteEndObject();
    }

    private static void WriteHammer(Utf8JsonWriter json, RunReport report)
    {
        if (report.Hammer is not { } hammer)
            return;
        json.WriteStartObject("hammer");
        json.WriteNumber("threads", hammer.Options.Threads);
        json.WriteString("checks", hammer.Options.Checks.ToString());
        json.WriteNumber("crossThreadPercent", hammer.Options.CrossThreadPercent);
        json.WriteBoolean("threadChurn", hammer.Options.ThreadChurn);
        json.WriteString("faults", hammer.Options.Faults.ToString());
        json.WriteNumber("threadsBorn", hammer.ThreadsBorn);
        json.WriteNumber("crossThreadFrees", hammer.CrossThreadFrees);
        json.WriteNumber("refused", hammer.Refused);
        json.WriteNumber("bytesVerified", hammer.BytesVerified);
        json.WriteNumber("misuses", hammer.Statistics.Misuses);
        json.WriteNumber("outOfMemoryFlushes", hammer.Statistics.OutOfMemoryFlushes);
        json.WriteEndObject();
    }

    private static void WriteTraces(Utf8JsonWriter json, RunReport report)
    {
        if (report.Traces.Count == 0)
            return;
        json.WriteStartArray("traces");
        foreach (ReplayResult trace in report.Traces)
        {
            json.WriteStartObject();
            json.WriteString("file", trace.File);
            json.WriteNumber("events", trace.Events);
            json.WriteNumber("threads", trace.Threads);
            json.WriteNumber("corruptions", trace.Corruptions);
            json.WriteNumber("nsPerEvent", Math.Round(trace.NsPerEvent, 2));
            json.WriteNumber("peakLiveBytes", trace.PeakLiveBytes);
            WriteNullable(json, "peakCommittedBytes", trace.PeakCommittedBytes);
            WriteNullable(json, "endCommittedBytes", trace.EndCommittedBytes);
            json.WriteNumber("peakResidentGrowthBytes", trace.PeakResidentGrowthBytes);
            json.WriteNumber("endResidentBytes", trace.EndResidentBytes);
            json.WriteNumber("leakedBlocks", trace.LeakedBlocks);
            if (trace.WithinBudget is { } within)
                json.WriteBoolean("withinBudget", within);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteComponents(Utf8JsonWriter json, RunReport report)
    {
        if (report.Components.Count == 0)
            return;
        json.WriteStartArray("components");
        foreach (ComponentResult component in report.Components)
        {
            json.WriteStartObject();
            json.WriteString("name", component.Name);
            json.WriteNumber("faultPoints", component.FaultPoints);
            json.WriteNumber("lastingFaults", component.LastingFaults);
            json.WriteNumber("absorbedFaults", component.AbsorbedFaults);
            json.WriteNumber("pairs", component.Pairs);
            json.WriteNumber("leakedBytes", component.LeakedBytes);
            json.WriteNumber("leftoverMappings", component.LeftoverMappings);
            json.WriteNumber("leftoverThreads", component.LeftoverThreads);
            json.WriteNumber("leftoverDescriptors", component.LeftoverDescriptors);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteIova(Utf8JsonWriter json, RunReport report)
    {
        if (report.Iova is not { } iova)
            return;
        json.WriteNumber("overlaps", iova.Overlaps);
        json.WriteNumber("violations", iova.Violations);
        json.WriteNumber("lostRanges", iova.LostRanges);
        json.WriteNumber("falseExhaustions", iova.FalseExhaustions);
        json.WriteStartObject("iova");
        json.WriteNumber("threads", iova.Options.Threads);
        json.WriteNumber("limit32Percent", iova.Options.Limit32Percent);
        json.WriteString("checks", iova.Options.Checks.ToString());
        json.WriteNumber("threadsBorn", iova.ThreadsBorn);
        json.WriteNumber("crossThreadFrees", iova.CrossThreadFrees);
        json.WriteNumber("refused", iova.Refused);
        json.WriteNumber("refusalsExamined", iova.Proofs);
        json.WriteNumber("limitHits", iova.Statistics.LimitHits);
        json.WriteNumber("limitDepotHits", iova.Statistics.LimitDepotHits);
        json.WriteNumber("limitMisses", iova.Statistics.LimitMisses);
        json.WriteNumber("flushRetries", iova.Statistics.FlushRetries);
        json.WriteNumber("searchSteps", iova.Statistics.SearchSteps);
        json.WriteEndObject();
        if (!iova.Options.Aging)
            return;
        json.WriteNumber("clock", iova.Options.Clock);
        json.WriteNumber("lastQuarterToFirst", Math.Round(iova.Drift, 4));
        WriteArray(json, "throughput", iova.Throughput);
        WriteArray(json, "ranges", iova.Ranges);
        WriteArray(json, "depotMagazines", iova.DepotMagazines);
    }

    private static void WriteShare(Utf8JsonWriter json, RunReport report)
    {
        if (report.Share is not { } share)
            return;
        json.WriteNumber("handovers", share.Handovers);
        json.WriteNumber("kills", share.Kills);
        json.WriteNumber("quotaOverruns", share.QuotaOverruns);
        json.WriteNumber("unreclaimedBytes", share.UnreclaimedBytes);
        json.WriteNumber("descriptorGrowth", share.DescriptorGrowth);
        WriteMilliseconds(json, "reclaimMs", share.Reclaim);
        json.WriteStartObject("share");
        json.WriteNumber("importers", share.Options.Importers);
        json.WriteString("tracking", share.Statistics.Tracking.ToString());
        json.WriteNumber("rogues", share.Episodes);
        json.WriteNumber("earlyKills", share.EarlyKills);
        json.WriteNumber("lateReclaims", share.LateReclaims);
        json.WriteNumber("longestPauseMs", Math.Round(share.LongestPause.TotalMilliseconds, 3));
        json.WriteNumber("framesVerified", share.Verified);
        json.WriteNumber("refused", share.Refused);
        json.WriteNumber("orphans", share.Statistics.Orphans);
        json.WriteNumber("revocations", share.Statistics.Revocations);
        json.WriteNumber("reinflations", share.Statistics.Reinflations);
        json.WriteNumber("falseReleases", share.Statistics.FalseReleases);
        json.WriteNumber("misuses", share.Statistics.Misuses);
        WriteMilliseconds(json, "revocationMs", share.Revocation);
        json.WriteEndObject();
    }

    private static void WriteMilliseconds(Utf8JsonWriter json, string key, LatencyHistogram times)
    {
        json.WriteStartObject(key);
        json.WriteNumber("p50", Math.Round(times.Percentile(0.5) / 1e6, 3));
        json.WriteNumber("max", Math.Round(times.Max / 1e6, 3));
        json.WriteEndObject();
    }

    private static void WriteArray(Utf8JsonWriter json, string key, IReadOnlyList<long> values)
    {
        json.WriteStartArray(key);
        foreach (long value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private static void WriteNullable(Utf8JsonWriter json, string key, long? value)
    {
        if (value is { } known)
            json.WriteNumber(key, known);
        else
            json.WriteNull(key);
    }
}
