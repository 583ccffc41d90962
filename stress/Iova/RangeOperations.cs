using System.Diagnostics;
using System.Numerics;
using MagAlloc.Stress.Verification;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Iova;

/// <summary>
/// The operations of one lane on single ranges, each with its proof. Only the allocator's call is timed, one in 64. Used by one
/// thread at a time.
/// </summary>
/// <param name="context">What the threads share.</param>
/// <param name="seed">Of the lane's choices.</param>
/// <param name="isWatched">Which ranges the oracle follows, by their first pfn: all, or those of a part of the space.</param>
internal sealed class RangeOperations(IovaContext context, ulong seed, Func<ulong, bool> isWatched)
{
    private const int LatencySampling = 64;

    private readonly IovaDomain _domain = context.Domain;
    private long _untilSample = LatencySampling;

    /// <summary>The lane's generator; a field, because every use changes it.</summary>
    public SplitMix64 Random = new(seed);

    public RangeCounters Counters { get; } = new();

    public LatencyHistogram Latency { get; } = new();

    /// <summary>Asks for a range, and proves that it is as it was asked for and nobody else's.</summary>
    /// <param name="size">In pfns.</param>
    /// <param name="limit">The highest pfn.</param>
    /// <param name="way">How to ask.</param>
    /// <param name="range">The range.</param>
    /// <returns>False when it was refused.</returns>
    public bool TryAllocate(ulong size, ulong limit, RequestWay way, out LiveRange range)
    {
        long? releases = context.Oracle.Releases;
        bool got = TryAsk(size, limit, way, out range);
        Counters.Operations++;
        if (!got)
        {
            Counters.Refused++;
            ProveExhaustion(size, limit, way, releases);
            return false;
        }

        CheckPlace(in range, limit, way);
        if (isWatched(range.First) && !context.Oracle.TryClaim(range.First, range.Last))
            context.Overlapped($"{Text(in range)} got by {Thread.CurrentThread.Name} is held by another, at least in part");
        return true;
    }

    public void Free(in LiveRange range)
    {
        bool watched = isWatched(range.First);
        if (watched && !context.Oracle.TryRelease(range.First, range.Last))
            context.Overlapped($"{Text(in range)} was freed by another while {Thread.CurrentThread.Name} held it");
        bool interior = !range.IsFast && Random.Chance(30);
        bool freed = true;
        long start = BeginSample();
        if (range.IsFast)
            _domain.FreeFast(range.First, range.Size);
        else if (interior)
            freed = _domain.Free(Random.Between(range.First, range.Last));
        else
            freed = _domain.Free(new IovaRange(range.First, range.Last));
        EndSample(start);
        if (watched)
            context.Oracle.Settle();
        Counters.Operations++;
        if (!freed)
            context.Failed($"{Text(in range)} is held, but the domain has nothing to free there");
    }

    /// <summary>Any pfn of a range that is held must lead to it.</summary>
    public void Find(in LiveRange range)
    {
        ulong pfn = Random.Between(range.First, range.Last);
        Counters.Operations++;
        if (!_domain.TryFind(pfn, out IovaRange found) || found != new IovaRange(range.First, range.Last))
            context.Failed($"{Text(in range)} is held, but pfn 0x{pfn:x} leads to {found}");
    }

    private bool TryAsk(ulong size, ulong limit, RequestWay way, out LiveRange range)
    {
        bool got;
        ulong last;
        long start = BeginSample();
        if (way == RequestWay.Fast)
        {
            got = _domain.TryAllocateFast(size, limit, flushRcache: true, out ulong first);
            EndSample(start);
            last = first + RoundedFast(size) - 1;
            range = new LiveRange(first, last, size, IsFast: true, limit <= _domain.Dma32LastPfn);
            return got;
        }

        got = _domain.TryAllocate(size, limit, way == RequestWay.Aligned, out IovaRange exact);
        EndSample(start);
        range = new LiveRange(exact.First, exact.Last, size, IsFast: false, limit <= _domain.Dma32LastPfn);
        return got;
    }

    // What the domain sets aside for a size that goes through the magazines.
    private static ulong RoundedFast(ulong size) => size < 32 ? BitOperations.RoundUpToPowerOf2(size) : size;

    private void CheckPlace(in LiveRange range, ulong limit, RequestWay way)
    {
        ulong alignment = AlignmentOf(range.Size, way);
        ulong expected = way == RequestWay.Fast ? RoundedFast(range.Size) : range.Size;
        if (range.First + range.Size - 1 > limit || range.First < _domain.StartPfn || range.Last > _domain.LastPfn)
            context.Violated($"{Text(in range)} does not lie between 0x{_domain.StartPfn:x} and the limit 0x{limit:x}");
        if (range.First % alignment != 0)
            context.Violated($"{Text(in range)} is not aligned to {alignment}");
        if (range.Count != expected)
            context.Violated($"{Text(in range)} has {range.Count} pfns, not {expected}");
    }

    private static ulong AlignmentOf(ulong size, RequestWay way) =>
        way == RequestWay.Unaligned ? 1 : BitOperations.RoundUpToPowerOf2(size);

    /// <summary>
    /// A refusal is right only if there is no room. What others get and free meanwhile blurs that, so all stand still; if there
    /// is room then, and nobody freed anything since before the request, or a second one is refused too, it was wrong.
    /// </summary>
    private void ProveExhaustion(ulong size, ulong limit, RequestWay way, long? releases)
    {
        // Only the fast call looks for what magazines hold; to the others a cached range is in use, as in the kernel.
        if (way != RequestWay.Fast || context.Stopping || !context.MayProve())
            return;
        context.StandStill.Run(() =>
        {
            Counters.Proofs++;
            ulong rounded = RoundedFast(size);
            if (!context.Oracle.HasRoom(rounded, AlignmentOf(size, way), _domain.StartPfn, limit))
                return;
            bool unchanged = releases is not null && context.Oracle.Releases == releases;
            bool second = _domain.TryAllocateFast(size, limit, flushRcache: true, out ulong first);
            if (second)
                _domain.FreeFast(first, size);
            if (unchanged || !second)
            {
                context.FalselyExhausted(
                    $"{size} pfns up to 0x{limit:x} were refused though there was room, "
                    + (second ? "and nothing was freed before they were had" : "and again while nobody else did anything"));
            }
        });
    }

    private long BeginSample()
    {
        if (--_untilSample != 0)
            return 0;
        _untilSample = LatencySampling;
        return Stopwatch.GetTimestamp();
    }

    private void EndSample(long start)
    {
        if (start != 0)
            Latency.RecordSince(start);
    }

    private static string Text(in LiveRange range) =>
        $"range 0x{range.First:x}-0x{range.Last:x} ({range.Size} pfns, {(range.IsFast ? "fast" : "from the tree")})";
}
