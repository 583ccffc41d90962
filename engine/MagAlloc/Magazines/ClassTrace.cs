using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>A thread's exchanges of one class while somebody listened, how many of them were told, and the next sample.</summary>
/// <remarks>
/// <para>The counts of exchanges are written by the cache's owner only. What was told is moved up to them by compare-and-swap, so that of the thread
/// itself and whoever tells on its behalf exactly one tells of each exchange. They wrap; only differences are used.</para>
/// <para><b>Whose they are</b> stands in the same word as what was told: who tells on behalf of a thread that has ended may be overtaken by a
/// successor that takes the cache over and counts. Its compare-and-swap fails then, or it began later and finds the successor's number. (Had
/// the system given the successor its predecessor's number, the event would not lie either.) The successor writes its number when nothing
/// is untold: then nobody else writes the word.</para>
/// </remarks>
internal unsafe struct ClassTrace
{
    public int FromDepot;
    public int ToDepot;

    // Thread 32 + told 32.
    private long _toldFrom;
    private long _toldTo;

    /// <summary>Allocations until the next sample, that one included, as of the last slow step.</summary>
    public long Left;

    /// <summary>Blocks in the loaded magazine after the last slow step: what is missing since then was allocated.</summary>
    public int Mark;

    /// <summary>Where a 0 lies in the loaded magazine, and what lay there; null: nowhere.</summary>
    public nuint* Slot;

    public nuint Displaced;

    public bool HasUntold
        => Atomic.Load(ref FromDepot) != Told(Atomic.Load(ref _toldFrom)) || Atomic.Load(ref ToDepot) != Told(Atomic.Load(ref _toldTo));

    /// <summary>Takes the magazines out of a depot that were not told yet.</summary>
    /// <param name="thread">Who took them there.</param>
    public int TakeFromDepot(out uint thread) => Take(ref FromDepot, ref _toldFrom, out thread);

    /// <summary>Takes the magazines brought to a depot that were not told yet.</summary>
    /// <param name="thread">Who brought them.</param>
    public int TakeToDepot(out uint thread) => Take(ref ToDepot, ref _toldTo, out thread);

    /// <summary>What is counted from now on is another thread's (<see cref="CacheTrace.HandOver"/>).</summary>
    public void HandOver(uint thread)
    {
        Atomic.Store(ref _toldFrom, Word(thread, FromDepot));
        Atomic.Store(ref _toldTo, Word(thread, ToDepot));
    }

    private static int Take(ref int count, ref long told, out uint thread)
    {
        while (true)
        {
            long before = Atomic.Load(ref told);
            int now = Atomic.Load(ref count);
            thread = (uint)(before >>> 32);
            if (now == Told(before) || Atomic.CompareExchange(ref told, Word(thread, now), before) == before)
            {
                return unchecked(now - Told(before));
            }
        }
    }

    private static int Told(long word) => unchecked((int)word);

    private static long Word(uint thread, int told) => ((long)thread << 32) | unchecked((uint)told);
}
