using System.Text.Json;
using MagAlloc.Tool.Analysis.Anomalies;

namespace MagAlloc.Tool.Analysis;

/// <summary>The analysis for programs. Keys are part of the program's contract: add, never rename.</summary>
internal static class TraceJson
{
    private const int MostFrames = 40;

    // With thread churn there are thousands; those with the most exchanges come first.
    private const int MostThreads = 500;

    public static void Write(Utf8JsonWriter json, TraceModel trace, IReadOnlyList<Anomaly> anomalies, int stacks)
    {
        json.WriteString("file", trace.File);
        json.WriteString("process", trace.Process);
        json.WriteNumber("processId", trace.ProcessId);
        json.WriteNumber("seconds", Math.Round(trace.Seconds, 3));
        json.WriteBoolean("complete", trace.Cut is null);
        json.WriteNumber("bytes", trace.FileBytes);
        json.WriteNumber("events", trace.Events);
        json.WriteNumber("droppedEvents", trace.DroppedEvents);
        json.WriteNumber("depotExchanges", trace.DepotExchanges);
        json.WriteNumber("reclaimedMagazines", trace.ReclaimedMagazines);
        json.WriteNumber("injectedFaults", trace.InjectedFaults);
        json.WriteNumber("peakCommittedBytes", trace.PeakCommittedBytes);
        json.WriteNumber("sampledAllocations", trace.Stacks.Sum(stack => stack.Samples));
        json.WriteNumber("sampledBytes", trace.SampledBytes);
        WriteEvents(json, trace);
        WriteSites(json, trace, stacks);
        WriteStacks(json, trace, stacks);
        WriteAnomalies(json, anomalies);
        WriteOwners(json, trace);
        WriteThreads(json, trace);
        WritePauses(json, trace);
    }

    private static void WriteEvents(Utf8JsonWriter json, TraceModel trace)
    {
        json.WriteStartObject("engineEvents");
        foreach ((string name, long count) in trace.EngineEvents)
            json.WriteNumber(name, count);
        json.WriteEndObject();
    }

    private static void WriteSites(Utf8JsonWriter json, TraceModel trace, int most)
    {
        json.WriteStartArray("sites");
        foreach (AllocationSite site in trace.Sites.Take(most))
        {
            json.WriteStartObject();
            json.WriteString("site", site.Site);
            json.WriteNumber("bytes", site.Bytes);
            json.WriteNumber("samples", site.Samples);
            json.WriteNumber("mostLiveBytes", site.MostLiveBytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteStacks(Utf8JsonWriter json, TraceModel trace, int stacks)
    {
        json.WriteStartArray("topStacks");
        foreach (AllocationStack stack in trace.Stacks.Take(stacks))
        {
            json.WriteStartObject();
            json.WriteNumber("bytes", stack.Bytes);
            json.WriteNumber("samples", stack.Samples);
            json.WriteNumber("share", Math.Round(stack.Bytes / (double)Math.Max(trace.SampledBytes, 1), 4));
            json.WriteString("site", stack.Site);
            json.WriteStartArray("frames");
            foreach (string frame in stack.Frames.Take(MostFrames))
                json.WriteStringValue(frame);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteAnomalies(Utf8JsonWriter json, IReadOnlyList<Anomaly> anomalies)
    {
        json.WriteStartArray("anomalies");
        foreach (Anomaly anomaly in anomalies)
        {
            json.WriteStartObject();
            json.WriteString("kind", anomaly.Kind);
            json.WriteString("severity", anomaly.Severity.ToString().ToLowerInvariant());
            json.WriteString("text", anomaly.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteOwners(Utf8JsonWriter json, TraceModel trace)
    {
        json.WriteStartArray("owners");
        foreach (OwnerHistory owner in trace.Owners)
        {
            json.WriteStartObject();
            json.WriteNumber("id", owner.Id);
            json.WriteString("name", owner.Name);
            json.WriteString("kind", owner.Kind);
            json.WriteNumber("peakCommittedBytes", owner.PeakCommittedBytes);
            json.WriteNumber("depotExchanges", owner.DepotExchanges);
            json.WriteNumber("reclaimPasses", owner.Passes.Count);
            json.WriteNumber("reclaimedMagazines", owner.ReclaimedMagazines);
            json.WriteNumber("slabsClaimed", owner.SlabsClaimed);
            json.WriteNumber("slabsRetired", owner.SlabsRetired);
            json.WriteNumber("sampledBytes", owner.SampledBytes);
            json.WriteNumber("outOfMemory", owner.OutOfMemory);
            json.WriteNumber("misuses", owner.Misuses.Values.Sum());
            json.WriteNumber("leaks", owner.Leaks);
            if (owner.Samples.Count != 0)
                WriteLast(json, owner.Samples[^1]);
            if (owner.Buffers is { } buffers)
                WriteBuffers(json, buffers);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteBuffers(Utf8JsonWriter json, BufferHistory buffers)
    {
        BufferSample last = buffers.Last;
        json.WriteStartObject("buffers");
        json.WriteNumber("handOvers", last.HandOvers);
        json.WriteNumber("acknowledgements", last.Acknowledgements);
        json.WriteNumber("liveBuffers", last.LiveBuffers);
        json.WriteNumber("orphanedBuffers", last.OrphanedBuffers);
        json.WriteNumber("orphanedBytes", last.OrphanedBytes);
        json.WriteNumber("peakOrphanedBytes", buffers.PeakOrphanedBytes);
        json.WriteNumber("revokedBuffers", last.RevokedBuffers);
        json.WriteNumber("importers", last.Importers);
        json.WriteNumber("importersGone", buffers.ImportersGone);
        json.WriteNumber("revocations", last.Revocations);
        json.WriteNumber("reclaims", last.Reclaims);
        json.WriteNumber("longestReclaimMs", Math.Round(buffers.LongestReclaimMilliseconds, 3));
        json.WriteNumber("quotaRefusals", buffers.Refusals.Values.Sum());
        json.WriteEndObject();
    }

    private static void WriteLast(Utf8JsonWriter json, OwnerSample last)
    {
        json.WriteStartObject("last");
        json.WriteNumber("seconds", Math.Round(last.Seconds, 3));
        json.WriteNumber("allocatedBytes", last.AllocatedBytes);
        json.WriteNumber("threadCachedBytes", last.ThreadCachedBytes);
        json.WriteNumber("depotCachedBytes", last.DepotCachedBytes);
        json.WriteNumber("committedBytes", last.CommittedBytes);
        json.WriteNumber("depotMagazines", last.DepotMagazines);
        json.WriteEndObject();
    }

    private static void WriteThreads(Utf8JsonWriter json, TraceModel trace)
    {
        json.WriteStartArray("threads");
        foreach (ThreadHistory thread in trace.Threads.OrderByDescending(thread => thread.TotalExchanges).Take(MostThreads))
        {
            json.WriteStartObject();
            json.WriteNumber("id", thread.Id);
            json.WriteNumber("fromDepot", thread.FromDepot);
            json.WriteNumber("toDepot", thread.ToDepot);
            json.WriteNumber("exchangesPerSecond", Math.Round(thread.TotalExchanges / Math.Max(trace.Seconds, 1e-9), 1));
            json.WriteNumber("slabsClaimed", thread.SlabsClaimed);
            json.WriteNumber("sampledBytes", thread.SampledBytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WritePauses(Utf8JsonWriter json, TraceModel trace)
    {
        json.WriteStartObject("gcPauses");
        json.WriteNumber("count", trace.GcPauses.Count);
        json.WriteNumber("totalMs", Math.Round(trace.GcPauses.Sum(pause => pause.Milliseconds), 3));
        json.WriteNumber("longestMs", Math.Round(trace.GcPauses.Select(pause => pause.Milliseconds).DefaultIfEmpty().Max(), 3));
        json.WriteEndObject();
    }
}
