namespace MagAlloc.Stress.Iova;

/// <summary>
/// Everything at once: cached and uncached sizes, fast calls and the tree, requests with a limit below 4 GiB until that space is
/// nearly full, look-ups of what is held, bursts that run through several magazines.
/// </summary>
internal sealed class HammerIovaLane : IovaLane
{
    private const int HighRanges = 3000;
    private const int BurstRanges = 400;
    private const uint LargestMiddle = 256;
    private const uint LargestOfAll = 1 << 16;

    private readonly List<LiveRange> _low = [];
    private readonly List<LiveRange> _high = [];
    private readonly long _lowBudget;
    private long _lowHeld;

    public HammerIovaLane(IovaContext context, int lane)
        : base(context, lane, _ => true)
    {
        long window = (long)(context.Domain.Dma32LastPfn + 1 - context.Domain.StartPfn);
        _lowBudget = window * context.Options.FillPercent / 100 / context.Options.Threads;
    }

    protected override void Step(long turn)
    {
        uint choice = Operations.Random.Below(1000);
        bool low = Operations.Random.Chance(Context.Options.Limit32Percent);
        List<LiveRange> held = low ? _low : _high;
        if (choice < 3)
            Burst(low);
        else if (choice < 60 && held.Count != 0)
            Operations.Find(held[AnyIndex(held)]);
        else if (low ? _lowHeld < _lowBudget : _high.Count < HighRanges)
            Grow(low, held, choice);
        else
            GiveUpOne(held);
    }

    protected override void FreeEverything()
    {
        foreach (LiveRange range in _low.Concat(_high))
            Operations.Free(in range);
        _low.Clear();
        _high.Clear();
        _lowHeld = 0;
    }

    // Three allocations to one free while there is room: the set grows, and is turned over meanwhile.
    private void Grow(bool low, List<LiveRange> held, uint choice)
    {
        if (choice % 4 == 0 && held.Count != 0)
        {
            GiveUpOne(held);
            return;
        }

        RequestWay way = choice % 5 != 0 ? RequestWay.Fast : choice % 2 == 0 ? RequestWay.Aligned : RequestWay.Unaligned;
        ulong size = NextSize(low);
        if (Operations.TryAllocate(size, NextLimit(low, size), way, out LiveRange range))
            Keep(in range);
        else if (held.Count != 0)
            GiveUpOne(held);
    }

    /// <summary>Many of one size, and all of them back: several magazines go to the depot and come out of it.</summary>
    private void Burst(bool low)
    {
        ulong size = 1UL << (int)Operations.Random.Below(6);
        List<LiveRange> ranges = [];
        while (ranges.Count < BurstRanges && Operations.TryAllocate(size, NextLimit(low, size), RequestWay.Fast, out LiveRange range))
            ranges.Add(range);
        foreach (LiveRange range in ranges)
            GiveUp(in range);
    }

    private void Keep(in LiveRange range)
    {
        if (range.IsLow)
        {
            _low.Add(range);
            _lowHeld += (long)range.Count;
        }
        else
        {
            _high.Add(range);
        }
    }

    private void GiveUpOne(List<LiveRange> held)
    {
        int index = AnyIndex(held);
        LiveRange range = held[index];
        held[index] = held[^1];
        held.RemoveAt(held.Count - 1);
        if (range.IsLow)
            _lowHeld -= (long)range.Count;
        GiveUp(in range);
    }

    private int AnyIndex(List<LiveRange> held) => (int)Operations.Random.Below((uint)held.Count);

    private ulong NextSize(bool low)
    {
        uint choice = Operations.Random.Below(100);
        if (choice < 88)
            return 1 + Operations.Random.Below(1u << (int)Operations.Random.Below(6));
        if (choice < 98 || low)
            return 33 + Operations.Random.Below(LargestMiddle - 32);
        return 1 + Operations.Random.Below(LargestOfAll);
    }

    // Mostly the limit of the window; now and then one of its own, down to just above the size.
    private ulong NextLimit(bool low, ulong size)
    {
        ulong highest = low ? Context.Domain.Dma32LastPfn : Context.Domain.LastPfn;
        ulong lowest = low ? Context.Domain.StartPfn + size : Context.Domain.Dma32LastPfn + 1;
        return Operations.Random.Chance(8) ? Operations.Random.Between(lowest, highest) : highest;
    }
}
