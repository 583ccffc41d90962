namespace MagAlloc.Events;

/// <summary>Whether this thread is inside an event, that is, perhaps inside the code of somebody who listens.</summary>
/// <remarks>A listener that allocates from the heap it listens to would otherwise call itself without end.</remarks>
internal static class EventGuard
{
    [ThreadStatic]
    internal static int t_depth;

    /// <exception cref="InvalidOperationException">This thread is inside an event.</exception>
    public static void RequireNotWriting()
    {
        if (t_depth != 0)
        {
            throw new InvalidOperationException("An event listener must not dispose a heap, pool, cache or domain: dispose it after the event.");
        }
    }
}
