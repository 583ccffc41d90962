using MagAlloc.Platform;

namespace MagAlloc.Concurrency;

/// <summary>Address ranges of a closed owner that stay mapped until the last thread that may look at them has left.</summary>
/// <remarks>
/// It knows ranges and a count, and nothing of their owner: whoever keeps it alive keeps no heap, no source and no delegate alive.
/// Made with the owner, so that an end needs no memory. <see cref="Add"/> is called by the closing thread, before it leaves; all
/// else from any thread.
/// </remarks>
/// <param name="heir">Gets what the system would not unmap; its readers leave it after they have left this one.</param>
internal sealed unsafe class Remains(Remains? heir = null)
{
    private const int MostRanges = 8;

    private readonly (nint Address, nuint Bytes)[] _ranges = new (nint, nuint)[MostRanges];
    private readonly Remains? _heir = heir;
    private int _count;

    // The closing thread's own.
    private long _readers = 1;

    /// <summary>A range to unmap in the end. Empty ones are ignored.</summary>
    public void Add(void* address, nuint bytes)
    {
        if (bytes != 0)
        {
            _ranges[_count++] = ((nint)address, bytes);
        }
    }

    /// <summary>Nobody is left. For tests: it may be so a moment later.</summary>
    internal bool IsGone => _readers <= 0;

    /// <summary>One more may look. The caller is one already.</summary>
    public void Enter() => Atomic.Increment(ref _readers);

    /// <summary>One less; the last unmaps.</summary>
    public void Leave()
    {
        if (Atomic.Add(ref _readers, -1) != 0)
        {
            return;
        }

        foreach ((nint address, nuint bytes) in _ranges.AsSpan(0, _count))
        {
            // A part in the middle of a mapping needs one mapping more, which a process at its limit does not get.
            if (!VirtualMemory.Release((void*)address, bytes))
            {
                _heir?.Add((void*)address, bytes);
            }
        }
    }
}
