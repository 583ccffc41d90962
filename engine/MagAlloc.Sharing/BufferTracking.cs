namespace MagAlloc.Sharing;

/// <summary>How a queue knows whether a buffer that it exported is still held.</summary>
public enum BufferTracking
{
    /// <summary>The kernel says whether it is held (a lease is refused) and when that ends (inotify).</summary>
    Exact,

    /// <summary>The kernel says whether it is held, and the queue asks at intervals.</summary>
    Polled,
}
