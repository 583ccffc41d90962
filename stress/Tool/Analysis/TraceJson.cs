using MagAlloc.Tool.Analysis.Anomalies;

namespace MagAlloc.Tool.Analysis;

/// <summary>The analysis for programs. Names of properties are the keys, and part of the program's contract: add, never rename.</summary>
internal sealed class TraceJson(TraceModel trace, IReadOnlyList<Anomaly> anomalies, int stacks)
{
    private const int MostFrames = 40;

    // With thread churn there are thousands; those with the most exchanges come first.
    private const int MostThreads = 500;

    public string File => trace.File;
    public string Process => trace.Process;
    public int ProcessId => trace.ProcessId;
    public double Seconds => trace.Seconds;
    public bool Complete => trace.Cut is null;
    public long Bytes => trace.FileBytes;
    public long Events => trace.Events;
    public long DroppedEvents => trace.DroppedEvents;
    public long DepotExchanges => trace.DepotExchanges;
    public long ReclaimedMagazines => trace.ReclaimedMagazines;
    public long InjectedFaults => trace.InjectedFaults;
    public long PeakCommittedBytes => trace.PeakCommittedBytes;
    public long SampledAllocations => trace.Stacks.Sum(stack => stack.Samples);
    public long SampledBytes => trace.SampledBytes;
    public IReadOnlyDictionary<string, long> EngineEvents => trace.EngineEvents;
    public IEnumerable<AllocationSite> Sites => trace.Sites.Take(stacks);
    public IEnumerable<StackPart> TopStacks => trace.Stacks.Take(stacks).Select(stack => new StackPart(stack, trace.SampledBytes));
    public IEnumerable<Anomaly> Anomalies => anomalies;
    public IEnumerable<OwnerPart> Owners => trace.Owners.Select(owner => new OwnerPart(owner));
    public IEnumerable<ThreadPart> Threads =>
        trace.Threads.OrderByDescending(thread => thread.TotalExchanges).Take(MostThreads).Select(thread => new ThreadPart(thread, trace.Seconds));
    public PausePart GcPauses => new(trace.GcPauses);

    internal sealed class StackPart(AllocationStack stack, long all)
    {
        public long Bytes => stack.Bytes;
        public long Samples => stack.Samples;
        public double Share => stack.Bytes / (double)Math.Max(all, 1);
        public string Site => stack.Site;
        public IEnumerable<string> Frames => stack.Frames.Take(MostFrames);
    }

    internal sealed class OwnerPart(OwnerHistory owner)
    {
        public long Id => owner.Id;
        public string Name => owner.Name;
        public string Kind => owner.Kind;
        public long PeakCommittedBytes => owner.PeakCommittedBytes;
        public long DepotExchanges => owner.DepotExchanges;
        public int ReclaimPasses => owner.Passes.Count;
        public long ReclaimedMagazines => owner.ReclaimedMagazines;
        public long SlabsClaimed => owner.SlabsClaimed;
        public long SlabsRetired => owner.SlabsRetired;
        public long SampledBytes => owner.SampledBytes;
        public long OutOfMemory => owner.OutOfMemory;
        public long Misuses => owner.Misuses.Values.Sum();
        public long Leaks => owner.Leaks;
        public OwnerSample? Last => owner.Samples.Count == 0 ? null : owner.Samples[^1];
        public BufferPart? Buffers => owner.Buffers is { } buffers ? new(buffers, buffers.Last) : null;
    }

    internal sealed class BufferPart(BufferHistory buffers, BufferSample last)
    {
        public long HandOvers => last.HandOvers;
        public long Acknowledgements => last.Acknowledgements;
        public long LiveBuffers => last.LiveBuffers;
        public long OrphanedBuffers => last.OrphanedBuffers;
        public long OrphanedBytes => last.OrphanedBytes;
        public long PeakOrphanedBytes => buffers.PeakOrphanedBytes;
        public long RevokedBuffers => last.RevokedBuffers;
        public long Importers => last.Importers;
        public long ImportersGone => buffers.ImportersGone;
        public long Revocations => last.Revocations;
        public long Reclaims => last.Reclaims;
        public double LongestReclaimMs => buffers.LongestReclaimMilliseconds;
        public long QuotaRefusals => buffers.Refusals.Values.Sum();
    }

    internal sealed class ThreadPart(ThreadHistory thread, double seconds)
    {
        public int Id => thread.Id;
        public long FromDepot => thread.FromDepot;
        public long ToDepot => thread.ToDepot;
        public double ExchangesPerSecond => thread.TotalExchanges / Math.Max(seconds, 1e-9);
        public long SlabsClaimed => thread.SlabsClaimed;
        public long SampledBytes => thread.SampledBytes;
    }

    internal sealed class PausePart(IReadOnlyList<GcPause> pauses)
    {
        public int Count => pauses.Count;
        public double TotalMs => pauses.Sum(pause => pause.Milliseconds);
        public double LongestMs => pauses.Select(pause => pause.Milliseconds).DefaultIfEmpty().Max();
    }
}
