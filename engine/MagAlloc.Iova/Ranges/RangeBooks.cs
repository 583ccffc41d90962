using MagAlloc.Concurrency;

namespace MagAlloc.Iova.Ranges;

/// <summary>What a <see cref="RangeTree"/> counts, in stripes on cache lines of their own: a thread's number selects the one it adds to.</summary>
internal readonly unsafe struct RangeBooks(long* stripes, int count)
{
    /// <summary>Size of a stripe, in bytes.</summary>
    public const int StripeBytes = 128;

    // The fields of a stripe. What gave up counts as claimed and as freed.
    private const int Units = 0; // claimed less freed
    private const int Claimed = 1; // ranges, since the start
    private const int Freed = 2;
    private const int Steps = 3;
    private const int Passes = 4;

    public long UsedUnits => Sum(Units);

    public long Ranges => Sum(Claimed) - Sum(Freed);

    public long SearchSteps => Sum(Steps);

    /// <summary>What a search that found nothing watches: moves behind every free, and every claim that was given up.</summary>
    public long Version => Sum(Freed);

    private long* Own => stripes + ((Environment.CurrentManagedThreadId & (count - 1)) * (StripeBytes / sizeof(long)));

    public void CountClaimed(long ranges, ulong units)
    {
        long* own = Own;
        Atomic.Add(ref own[Units], (long)units);
        Atomic.Add(ref own[Claimed], ranges);
    }

    /// <summary>The last step of a free: it moves the version.</summary>
    public void CountFreed(long ranges, ulong units)
    {
        long* own = Own;
        Atomic.Add(ref own[Units], -(long)units);
        Atomic.Add(ref own[Freed], ranges);
    }

    /// <summary>The last step of a claim that was undone: what it held for a moment may have been missed by a search.</summary>
    public void CountGivenUp()
    {
        long* own = Own;
        Atomic.Add(ref own[Claimed], 1);
        Atomic.Add(ref own[Freed], 1);
    }

    /// <summary>Notes what a search has looked at. Threads that share a stripe may lose a few of each other's.</summary>
    public void CountSteps(ref RangeRequest request)
    {
        if (request.Steps != 0)
        {
            long* own = Own;
            Atomic.Store(ref own[Steps], own[Steps] + request.Steps);
            request.Steps = 0;
        }
    }

    /// <summary>
    /// Whether anybody but this search freed something, or gave up, since the version was read. The last step of a search that fails.
    /// </summary>
    public bool HasMoved(long version, ref RangeRequest request)
    {
        CountSteps(ref request);
        return Version != version + request.GaveUp;
    }

    /// <summary>A number that no other pass over free runs has.</summary>
    public long NextPass()
    {
        long* own = Own;
        return Atomic.Add(ref own[Passes], StripeBytes) + (own - stripes);
    }

    private long Sum(int field)
    {
        long sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += Atomic.Load(ref stripes[(i * (StripeBytes / sizeof(long))) + field]);
        }

        return sum;
    }
}
