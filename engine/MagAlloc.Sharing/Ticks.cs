using System.Diagnostics;

namespace MagAlloc.Sharing;

/// <summary>Times on the clock of <see cref="Stopwatch"/>.</summary>
internal static class Ticks
{
    public static long Now => Stopwatch.GetTimestamp();

    public static long Of(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    /// <summary>The time so much later; <see cref="long.MaxValue"/>: never.</summary>
    public static long After(long start, TimeSpan time)
    {
        // A century and infinity are the same here, and cannot overflow.
        const double Century = 100.0 * 365 * 24 * 3600;
        return time == Timeout.InfiniteTimeSpan || time.TotalSeconds > Century ? long.MaxValue : start + Of(time);
    }

    /// <summary>What a system call that waits is given; -1: for ever.</summary>
    public static int MillisecondsOf(TimeSpan time)
        => time == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Clamp(Math.Ceiling(time.TotalMilliseconds), 0, int.MaxValue);
}
