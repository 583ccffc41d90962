using System.Diagnostics;
using MagAlloc.Concurrency;

namespace MagAlloc.Events;

/// <summary>Keeps samples from becoming more than a session wants in a second: the mean between them grows with what a program allocates.</summary>
/// <remarks>
/// A stack costs some microseconds. At a mean of 512 KiB a program that allocates 200 MB/s pays for 400 of them in a second, which nobody
/// sees, and one that allocates 10 GB/s for 20,000. The process is memoryless, so caches may draw anew under another mean at any time, and each
/// sample says what it stands for: weights add up whatever the mean does. <see cref="Count"/> may be called by any thread, the rest by the clock's only.
/// </remarks>
internal sealed class SampleBudget
{
    // Within these bounds around the budget the mean stays: each change makes every cache draw anew.
    private const double Above = 1.25;
    private const double Below = 0.5;

    // One look may be a program's start, or a pause.
    private const double MostGrowth = 16;
    private const double MostShrinkage = 0.25;

    private static readonly TimeSpan s_shortestLook = TimeSpan.FromMilliseconds(5);

    private PaddedLong _told;
    private long _lastTold;
    private long _lastLook = Stopwatch.GetTimestamp();

    /// <summary>A sample was told.</summary>
    public void Count() => Atomic.Increment(ref _told.Value);

    /// <summary>What the mean should be, by the samples since the last look.</summary>
    /// <param name="mean">What it is, in bytes.</param>
    /// <param name="asked">What the session asked for: it is never less.</param>
    /// <param name="most">Samples a second that the session wants at most.</param>
    public long Look(long mean, long asked, long most)
    {
        long now = Stopwatch.GetTimestamp();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_lastLook, now);
        if (elapsed < s_shortestLook)
        {
            return mean;
        }

        long told = Atomic.Load(ref _told.Value);
        double share = (told - _lastTold) / elapsed.TotalSeconds / most;
        _lastTold = told;
        _lastLook = now;
        return share is > Below and < Above ? mean : Math.Max(asked, (long)(mean * Math.Clamp(share, MostShrinkage, MostGrowth)));
    }
}
