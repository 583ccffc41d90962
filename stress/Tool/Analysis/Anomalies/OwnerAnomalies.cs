using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Analysis.Anomalies;

/// <summary>What is odd about one owner.</summary>
internal static class OwnerAnomalies
{
    // Below these nothing is worth a sentence.
    private const double ShortestSeconds = 2;
    private const int FewestSamples = 10;
    private const long FewestMagazines = 16;
    private const long LeastGrowthBytes = 4L << 20;
    private const long LeastHeldBytes = 8L << 20;
    private const double LeastSlabBytes = 256 << 10;

    private const double MostWaste = 0.5;
    private const int MostNamed = 3;
    private const double LongPassMilliseconds = 50;

    // Committed over live bytes from which memory is "held": what magazines, partial slabs and dirty chunks are good for is less.
    private const int HeldRatio = 3;

    public static IEnumerable<Anomaly> Of(OwnerHistory owner, double traceSeconds)
    {
        IEnumerable<Anomaly?> found =
        [
            Misuse(owner), OutOfMemory(owner), Leaks(owner), DepotOnlyGrows(owner), LiveOnlyGrows(owner), HoldsMemory(owner, traceSeconds), Waste(owner),
            LongPass(owner), Disagrees(owner),
            BufferAnomalies.OrphansOnlyGrow(owner), BufferAnomalies.QuotaExceeded(owner),
        ];
        return found.OfType<Anomaly>();
    }

    private static Anomaly? Misuse(OwnerHistory owner) => owner.Misuses.Count == 0
        ? null
        : new Anomaly(
            AnomalyKind.Misuse,
            Severity.Error,
            $"{Text.Count(owner.Misuses.Values.Sum())} misuses of {owner.Title}: {string.Join(", ", owner.Misuses.Select(pair => $"{pair.Key} {Text.Count(pair.Value)}"))}. The program frees what it must not.");

    private static Anomaly? OutOfMemory(OwnerHistory owner) => owner.OutOfMemory == 0
        ? null
        : new Anomaly(
            AnomalyKind.OutOfMemory,
            Severity.Warning,
            $"{owner.Title} ran out of {(owner.Kind == "domain" ? "addresses" : $"memory, at a peak of {Text.Bytes(owner.PeakCommittedBytes)} committed,")} "
            + $"{Text.Plural(owner.OutOfMemory, "time")}; each time all caches were flushed before the request was refused.");

    private static Anomaly? Leaks(OwnerHistory owner) => owner.Leaks == 0
        ? null
        : new Anomaly(
            AnomalyKind.Leak,
            Severity.Warning,
            $"{Text.Count(owner.Leaks)} blocks of {owner.Title}, {Text.Bytes(owner.LeakedBytes)}, were still allocated when it was disposed.");

    private static Anomaly? DepotOnlyGrows(OwnerHistory owner)
    {
        if (!Growth.IsSteady(owner, owner.Samples.Select(sample => (sample.Seconds, sample.DepotMagazines)), FewestSamples, ShortestSeconds, out Growth growth) || growth.Last < FewestMagazines)
            return null;
        return new Anomaly(
            AnomalyKind.DepotOnlyGrows,
            Severity.Warning,
            $"The depot of {owner.Title} only grows: from {Text.Count(growth.First)} to {Text.Count(growth.Last)} magazines in {Text.Number(growth.Seconds, "0.0")} s, "
            + $"while {Text.Count(owner.Passes.Count)} passes of the worker gave back {Text.Count(owner.ReclaimedMagazines)}. Blocks are freed where nobody allocates of their size.");
    }

    private static Anomaly? LiveOnlyGrows(OwnerHistory owner)
    {
        if (owner.Kind == "domain"
            || !Growth.IsSteady(owner, owner.Samples.Select(sample => (sample.Seconds, sample.AllocatedBytes)), FewestSamples, ShortestSeconds, out Growth growth)
            || growth.Last - growth.First < LeastGrowthBytes)
        {
            return null;
        }

        return new Anomaly(
            AnomalyKind.LiveOnlyGrows,
            Severity.Warning,
            $"The live bytes of {owner.Title} only grow: from {Text.Bytes(growth.First)} to {Text.Bytes(growth.Last)} in {Text.Number(growth.Seconds, "0.0")} s. A leak, or a cache without bound; the stacks below say who allocates.");
    }

    /// <summary>Committed memory far above what is live, all through the last quarter of the trace.</summary>
    private static Anomaly? HoldsMemory(OwnerHistory owner, double traceSeconds)
    {
        OwnerSample[] end = [.. owner.Samples.Where(sample => sample.Seconds >= traceSeconds * 0.75)];
        if (owner.Kind is "domain" or "cache" or "buffers" || owner.DisposedAt is not null || traceSeconds < ShortestSeconds || end.Length < 2)
            return null;
        if (!Array.TrueForAll(end, sample => sample.CommittedBytes - sample.AllocatedBytes >= LeastHeldBytes && sample.CommittedBytes > HeldRatio * sample.AllocatedBytes))
            return null;
        OwnerSample last = end[^1];
        return new Anomaly(
            AnomalyKind.HoldsMemory,
            Severity.Warning,
            $"{owner.Title} keeps {Text.Bytes(last.CommittedBytes)} committed for {Text.Bytes(last.AllocatedBytes)} live, all through the last quarter of the trace: "
            + $"{Text.Bytes(last.CachedBytes)} lie in magazines, the rest in partly used slabs and free chunks. Is its reclaim worker running?");
    }

    private static Anomaly? Waste(OwnerHistory owner)
    {
        ClassHistory[] wasteful =
        [
            .. owner.Classes
                .Where(history => history.Samples >= FewestSamples && history.Waste > MostWaste && history.SlabBytes >= LeastSlabBytes)
                .OrderByDescending(history => history.WasteBytes),
        ];
        if (wasteful.Length == 0)
            return null;
        IEnumerable<string> named = wasteful.Take(MostNamed).Select(history =>
            $"{Text.Bytes(history.BlockBytes)} ({Text.Bytes((long)history.WasteBytes)} of {Text.Bytes((long)history.SlabBytes)}, {Text.Number(100 * history.Waste, "0")} %)");
        string more = wasteful.Length > MostNamed ? $", and {Text.Plural(wasteful.Length - MostNamed, "more class", "more classes")}" : string.Empty;
        return new Anomaly(
            AnomalyKind.ClassWaste,
            Severity.Warning,
            $"More than half of their slabs was in nobody's hands, on average, for blocks of {string.Join(", ", named)}{more} of {owner.Title}. "
            + "Few blocks of a size are alive, or those that are lie scattered; pages that were never touched or were given back cost nothing.");
    }

    private static Anomaly? LongPass(OwnerHistory owner)
    {
        if (owner.Passes.Count == 0 || owner.Passes.MaxBy(pass => pass.Milliseconds) is not { Milliseconds: >= LongPassMilliseconds } longest)
            return null;
        return new Anomaly(
            AnomalyKind.LongReclaimPass,
            Severity.Info,
            $"A reclaim pass of {owner.Title} took {Text.Number(longest.Milliseconds, "0")} ms (at {Text.Number(longest.Seconds, "0.0")} s). It holds nobody up, but costs that much of a processor, or waited for one.");
    }

    /// <summary>For an owner whose whole life is in the trace, events and counters are two accounts of the same.</summary>
    private static Anomaly? Disagrees(OwnerHistory owner)
    {
        if (!owner.BornInTrace || owner.DisposedAt is null || owner.Samples.Count == 0 || owner.ExchangesInEvents == 0)
            return null;
        long counted = owner.Samples[^1].DepotExchanges;
        return counted == owner.ExchangesInEvents
            ? null
            : new Anomaly(
                AnomalyKind.AccountsDisagree,
                Severity.Error,
                $"The events of {owner.Title} tell of {Text.Count(owner.ExchangesInEvents)} depot exchanges, its last statistics of {Text.Count(counted)}: the trace does not hold all events.");
    }
}
