using System.Runtime.InteropServices;
using MagAlloc.Concurrency;

namespace MagAlloc.Magazines;

/// <summary>The full magazines of one class that no thread holds. Lock-free.</summary>
/// <remarks>
/// The count follows the stack and may lag behind it for a moment; it steers reclaim and is exact at quiescence. The
/// minimum since the last pass of the worker is the working set's measure (Bonwick and Adams, USENIX 2001): what lay in the
/// depot during a whole interval was not needed in it.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct Depot
{
    [FieldOffset(32)]
    private ulong _head;

    [FieldOffset(40)]
    private int _count;

    [FieldOffset(44)]
    private int _minimum;

    // Read and written by the thread that is inside a reclaim pass only.
    [FieldOffset(48)]
    private int _lastMinimum;

    public int Count => Math.Max(0, Atomic.Load(ref _count));

    public void Push(TaggedStack links, uint index)
    {
        // Counted first: a count below the stack's depth would let a reclaimer leave magazines behind at quiescence.
        Atomic.Add(ref _count, 1);
        links.Push(ref _head, index);
    }

    public bool TryPop(TaggedStack links, out uint index)
    {
        if (!links.TryPop(ref _head, out index))
        {
            return false;
        }

        int count = Atomic.Add(ref _count, -1);
        if (count < Atomic.Load(ref _minimum))
        {
            // Two poppers may write their minima in the wrong order; the next pop repairs it, and reclaim is a policy.
            Atomic.Store(ref _minimum, Math.Max(0, count));
        }

        return true;
    }

    /// <summary>
    /// Takes a magazine to look at it. It comes back by <see cref="Push"/>, or <see cref="Keep"/> is called: only what is kept
    /// was needed, and shall count against what lay unused.
    /// </summary>
    public bool TryLook(TaggedStack links, out uint index)
    {
        if (!links.TryPop(ref _head, out index))
        {
            return false;
        }

        Atomic.Add(ref _count, -1);
        return true;
    }

    /// <summary>The magazine that <see cref="TryLook"/> took stays out.</summary>
    public void Keep()
    {
        int count = Atomic.Load(ref _count);
        if (count < Atomic.Load(ref _minimum))
        {
            Atomic.Store(ref _minimum, Math.Max(0, count));
        }
    }

    /// <summary>Ends an interval and says how many magazines lay unused for all of it and of the one before.</summary>
    public int EndInterval()
    {
        int minimum = Atomic.Exchange(ref _minimum, Count);
        int unused = Math.Min(_lastMinimum, minimum);
        _lastMinimum = Math.Max(0, minimum - unused);
        return unused;
    }
}
