using System.Numerics;
using System.Runtime.InteropServices;

namespace MagAlloc.Stress.Iova;

/// <summary>
/// Knows of every pfn whether somebody holds it: one bit each, set by whoever got the range, after the allocator's call, and
/// cleared by whoever frees it, before the call. A bit that is set already when a range is claimed means two owners. Any thread;
/// only <see cref="HasRoom"/> wants the others to stand still.
/// </summary>
internal sealed unsafe class RangeOracle(ulong units) : IDisposable
{
    private const int WordBits = 64;

    // Zeroed memory of the C library: pages that nobody touches cost nothing.
    private ulong* _words = (ulong*)NativeMemory.AllocZeroed((nuint)((units + WordBits - 1) / WordBits), sizeof(ulong));
    private long _releases;
    private long _settled;

    /// <summary>
    /// Ranges released so far: a room that is seen while this stands still was there all the time. Null while somebody is in the
    /// middle of a free, whose range the oracle has let go and the allocator may not have yet.
    /// </summary>
    public long? Releases
    {
        get
        {
            // In this order: neither ever falls, and the second is never below the first, so if they are equal nothing was between them.
            long settled = Interlocked.Read(ref _settled);
            long releases = Interlocked.Read(ref _releases);
            return settled == releases ? releases : null;
        }
    }

    /// <summary>Sets the range's bits; false when one was set.</summary>
    public bool TryClaim(ulong first, ulong last)
    {
        ulong before = 0;
        for (ulong word = first / WordBits; word <= last / WordBits; word++)
        {
            ulong mask = MaskIn(word, first, last);
            before |= Interlocked.Or(ref _words[word], mask) & mask;
        }

        return before == 0;
    }

    /// <summary>Clears the range's bits; false when one was not set.</summary>
    public bool TryRelease(ulong first, ulong last)
    {
        Interlocked.Increment(ref _releases);
        ulong missing = 0;
        for (ulong word = first / WordBits; word <= last / WordBits; word++)
        {
            ulong mask = MaskIn(word, first, last);
            missing |= ~Interlocked.And(ref _words[word], ~mask) & mask;
        }

        return missing == 0;
    }

    /// <summary>To be called when the allocator's call has returned that a <see cref="TryRelease"/> came before.</summary>
    public void Settle() => Interlocked.Increment(ref _settled);

    /// <summary>Whether some place of this size and alignment within [lowest, highest] is held by nobody.</summary>
    /// <param name="size">In pfns, at least 1.</param>
    /// <param name="alignment">A power of two.</param>
    /// <param name="lowest">The lowest pfn.</param>
    /// <param name="highest">The highest pfn, inclusive.</param>
    public bool HasRoom(ulong size, ulong alignment, ulong lowest, ulong highest)
    {
        ulong end = highest + 1;
        while (end >= size)
        {
            ulong first = (end - size) & ~(alignment - 1);
            if (first < lowest)
                return false;
            if (LowestHeld(first, first + size - 1) is not { } held)
                return true;
            end = held;
        }

        return false;
    }

    public void Dispose()
    {
        NativeMemory.Free(_words);
        _words = null;
    }

    private static ulong MaskIn(ulong word, ulong first, ulong last)
    {
        ulong mask = ulong.MaxValue;
        if (word == first / WordBits)
            mask &= ulong.MaxValue << (int)(first % WordBits);
        if (word == last / WordBits)
            mask &= ulong.MaxValue >> (int)(WordBits - 1 - (last % WordBits));
        return mask;
    }

    private ulong? LowestHeld(ulong first, ulong last)
    {
        for (ulong word = first / WordBits; word <= last / WordBits; word++)
        {
            ulong held = Volatile.Read(ref _words[word]) & MaskIn(word, first, last);
            if (held != 0)
                return (word * WordBits) + (ulong)BitOperations.TrailingZeroCount(held);
        }

        return null;
    }
}
