namespace MagAlloc.Stress.Iova;

/// <summary>
/// Steady traffic that ages a domain, after the load under which the kernel's allocator collapsed: each order of sizes has its
/// ranges in flight, one order after the other is in demand, and what one thread allocates another frees. The orders that are not in
/// demand leave their ranges in the caches.
/// </summary>
internal sealed class AgingIovaLane : IovaLane
{
    /// <summary>
    /// Six orders in a second: every second of the throughput sees the same traffic.
    /// </summary>
    public const int ShiftsPerSecond = 6;

    private const int Orders = 6;
    private const int InFlight = 400;
    private const int InDemand = 3000;
    private const int FewThreads = 8;

    // The oracle follows an eighth of the space, so that its own cost does not hide the allocator's.
    private const int RegionShift = 10;
    private const ulong Regions = 8;

    private readonly Queue<LiveRange>[] _inFlight = [.. Enumerable.Range(0, Orders).Select(_ => new Queue<LiveRange>())];
    private readonly int _scale;
    private int _demanded;

    public AgingIovaLane(IovaContext context, int lane)
        : base(context, lane, first => (first >> RegionShift) % Regions == 0) =>
        _scale = Math.Max(1, context.Options.Threads / FewThreads);

    protected override void Step(long turn)
    {
        if ((turn & 0xFF) == 0)
            _demanded = (int)(Environment.TickCount64 * ShiftsPerSecond / 1000 % Orders);
        int order = Operations.Random.Chance(50) ? _demanded : (int)Operations.Random.Below(Orders);
        Queue<LiveRange> inFlight = _inFlight[order];
        int target = (order == _demanded ? InDemand : InFlight) / _scale;
        if (inFlight.Count < target)
            Allocate(order, inFlight);
        else if (inFlight.Count == target)
            Replace(order, inFlight);
        else
            GiveUp(inFlight.Dequeue());
    }

    protected override void FreeEverything()
    {
        foreach (Queue<LiveRange> inFlight in _inFlight)
        {
            while (inFlight.TryDequeue(out LiveRange range))
                Operations.Free(in range);
        }
    }

    private void Replace(int order, Queue<LiveRange> inFlight)
    {
        GiveUp(inFlight.Dequeue());
        Allocate(order, inFlight);
    }

    private void Allocate(int order, Queue<LiveRange> inFlight)
    {
        bool low = Operations.Random.Chance(Context.Options.Limit32Percent);
        ulong limit = low ? Context.Domain.Dma32LastPfn : Context.Domain.LastPfn;
        if (Operations.TryAllocate(1UL << order, limit, RequestWay.Fast, out LiveRange range))
            inFlight.Enqueue(range);
    }
}
