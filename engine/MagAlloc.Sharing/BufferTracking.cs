namespace MagAlloc.Sharing;

/// <summary>How a queue knows whether a buffer that it exported is still held.</summary>
public enum BufferTracking
{
    /// <summary>The kernel says who holds it (a lease is refused) and when that ends (inotify).</summary>
    Exact,

    /// <summary>The kernel says who holds it, and is asked at intervals.</summary>
    Polled,
}
