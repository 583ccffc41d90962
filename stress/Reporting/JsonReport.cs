using MagAlloc.Stress.Hammer;
using MagAlloc.Stress.InitSweep;
using MagAlloc.Stress.Iova;
using MagAlloc.Stress.Replay;
using MagAlloc.Stress.Sharing;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Reporting;

/// <summary>
/// The machine-readable report of a run; what it has no part of is left out. Names of properties are the keys, and part of the program's contract:
/// add, never rename.
/// </summary>
internal sealed class JsonReport(RunReport run)
{
    public string Outcome => run.Passed ? "pass" : "fail";
    public string Command => run.Command;
    public ulong Seed => run.Seed;
    public bool Interrupted => run.Interrupted;
    public double ElapsedSeconds => run.Elapsed.TotalSeconds;
    public long Operations => run.Operations;
    public double OperationsPerSecond => Math.Round(run.OperationsPerSecond);
    public long Corruptions => run.Corruptions;
    public long LeakedBlocks => run.LeakedBlocks;
    public long InjectedFaults => run.InjectedFaults;
    public long DepotExchanges => run.DepotExchanges;
    public long ReclaimedMagazines => run.ReclaimedMagazines;
    public long PeakCommittedBytes => run.PeakCommittedBytes;
    public long EndCommittedBytes => run.EndCommittedBytes;
    public LatencyPart LatencyNs => new(run.Latency);
    public HammerPart? Hammer => run.Hammer is { } hammer ? new(hammer, hammer.Options) : null;
    public IReadOnlyList<ReplayResult>? Traces => run.Traces is { Count: > 0 } traces ? traces : null;
    public IReadOnlyList<ComponentResult>? Components => run.Components is { Count: > 0 } components ? components : null;
    public long? Overlaps => run.Iova?.Overlaps;
    public long? Violations => run.Iova?.Violations;
    public long? LostRanges => run.Iova?.LostRanges;
    public long? FalseExhaustions => run.Iova?.FalseExhaustions;
    public IovaPart? Iova => run.Iova is { } iova ? new(iova, iova.Options) : null;
    public long? Clock => Aged?.Options.Clock;
    public double? LastQuarterToFirst => Aged?.Drift;
    public IReadOnlyList<long>? Throughput => Aged?.Throughput;
    public IReadOnlyList<long>? Ranges => Aged?.Ranges;
    public IReadOnlyList<long>? DepotMagazines => Aged?.DepotMagazines;
    public long? Handovers => run.Share?.Handovers;
    public long? Kills => run.Share?.Kills;
    public long? QuotaOverruns => run.Share?.QuotaOverruns;
    public long? UnreclaimedBytes => run.Share?.UnreclaimedBytes;
    public long? DescriptorGrowth => run.Share?.DescriptorGrowth;
    public Milliseconds? ReclaimMs => run.Share is { } share ? new(share.Reclaim) : null;
    public SharePart? Share => run.Share is { } share ? new(share) : null;
    public IReadOnlyList<string> Failures => run.Failures;

    private IovaStressResult? Aged => run.Iova is { Options.Aging: true } iova ? iova : null;

    internal sealed class LatencyPart(LatencyHistogram latency)
    {
        public long P50 => latency.Percentile(0.5);
        public long P99 => latency.Percentile(0.99);
        public long P999 => latency.Percentile(0.999);
        public long Max => latency.Max;
        public long Samples => latency.Count;
    }

    internal sealed class HammerPart(HammerResult hammer, HammerOptions options)
    {
        public int Threads => options.Threads;
        public string Checks => options.Checks.ToString();
        public int CrossThreadPercent => options.CrossThreadPercent;
        public bool ThreadChurn => options.ThreadChurn;
        public string Faults => options.Faults.ToString();
        public long ThreadsBorn => hammer.ThreadsBorn;
        public long CrossThreadFrees => hammer.CrossThreadFrees;
        public long Refused => hammer.Refused;
        public long BytesVerified => hammer.BytesVerified;
        public long Misuses => hammer.Statistics.Misuses;
        public long OutOfMemoryFlushes => hammer.Statistics.OutOfMemoryFlushes;
    }

    internal sealed class IovaPart(IovaStressResult iova, IovaStressOptions options)
    {
        public int Threads => options.Threads;
        public int Limit32Percent => options.Limit32Percent;
        public string Checks => options.Checks.ToString();
        public long ThreadsBorn => iova.ThreadsBorn;
        public long CrossThreadFrees => iova.CrossThreadFrees;
        public long Refused => iova.Refused;
        public long RefusalsExamined => iova.Proofs;
        public long LimitHits => iova.Statistics.LimitHits;
        public long LimitDepotHits => iova.Statistics.LimitDepotHits;
        public long LimitMisses => iova.Statistics.LimitMisses;
        public long FlushRetries => iova.Statistics.FlushRetries;
        public long SearchSteps => iova.Statistics.SearchSteps;
    }

    internal sealed class SharePart(ShareResult share)
    {
        public int Importers => share.Options.Importers;
        public string Tracking => share.Statistics.Tracking.ToString();
        public long Rogues => share.Episodes;
        public long EarlyKills => share.EarlyKills;
        public long LateReclaims => share.LateReclaims;
        public double LongestPauseMs => share.LongestPause.TotalMilliseconds;
        public long FramesVerified => share.Verified;
        public long Refused => share.Refused;
        public long Orphans => share.Statistics.Orphans;
        public long Revocations => share.Statistics.Revocations;
        public long Reinflations => share.Statistics.Reinflations;
        public long FalseReleases => share.Statistics.FalseReleases;
        public long Misuses => share.Statistics.Misuses;
        public Milliseconds RevocationMs => new(share.Revocation);
    }

    internal sealed class Milliseconds(LatencyHistogram times)
    {
        public double P50 => times.Percentile(0.5) / 1e6;
        public double Max => times.Max / 1e6;
    }
}
