namespace MagAlloc;

/// <summary>How the reclaim pass decides which full magazines of a depot go back to their source.</summary>
public enum ReclaimPolicy
{
    /// <summary>
    /// The kernel's rule (<c>iova_depot_work_func</c>): while a depot holds more magazines than the threshold, one
    /// magazine goes back in each interval. Slow on purpose; the threshold's worth of magazines stays for ever.
    /// </summary>
    Flat,

    /// <summary>
    /// Bonwick and Adams, USENIX 2001: what lay in a depot unused during two whole intervals goes back at the end of the
    /// second. The first interval after a burst only observes.
    /// </summary>
    WorkingSet,
}
