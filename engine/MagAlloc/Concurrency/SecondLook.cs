namespace MagAlloc.Concurrency;

/// <summary>
/// What an attempt that found nothing does about things that were on their way meanwhile: wait for one of them to come back, and try again.
/// On the stack of one thread.
/// </summary>
/// <remarks>
/// Nobody is waited for without bound: a pass that was stopped in the middle keeps what it holds, and the request is refused after
/// half a second in all; and after so many attempts that met others at work it is refused as well.
/// </remarks>
internal struct SecondLook(Transit transit)
{
    // Attempts that things came back behind. Each pass has one thing out at a time, and an attempt behind a flush needs few of them.
    private const int MostLooks = 64;

    // The first twenty take some ten microseconds, enough for a thread that runs; the others are sleeps of a millisecond, in which one that
    // lost its processor gets it back, on a crowded machine as well. The explorer stops threads for good, and need not sleep for them.
#if MAGALLOC_SEAM
    private const int Patience = 26;
#else
    private const int Patience = 500;
#endif

    private readonly Transit _transit = transit;
    private int _looks;
    private int _waits;
    private long _ended;

    /// <summary>Called before each attempt.</summary>
    public void Begin() => _ended = _transit.EndedElsewhere;

    /// <summary>Called behind an attempt that found nothing.</summary>
    /// <returns>Whether something has come back since it began, so that another one may find it.</returns>
    public bool IsWorthwhile()
    {
        if (!_transit.HasMovedSince(_ended) || ++_looks > MostLooks)
        {
            return false;
        }

        var spin = default(SpinWait);
        while (_waits++ < Patience)
        {
            if (_transit.EndedElsewhere != _ended)
            {
                return true;
            }

            // An allocation throws nothing but what it says.
            Uninterrupted.SpinOnce(ref spin);
        }

        return false;
    }
}
