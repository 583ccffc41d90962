namespace MagAlloc.Events;

/// <summary>Whether this thread is inside an event, that is, perhaps inside the code of somebody who listens.</summary>
/// <remarks>A listener that allocates from the heap it listens to would otherwise call itself without end.</remarks>
internal static class EventGuard
{
    [ThreadStatic]
    internal static int t_depth;

    /// <param name="deed">What must not be done there.</param>
    /// <exception cref="InvalidOperationException">This thread is inside an event.</exception>
    public static void RequireNotWriting(string deed = "dispose a heap, pool, cache, domain or queue")
    {
        if (t_depth != 0)
        {
            throw new InvalidOperationException($"An event listener must not {deed}: do it after the event.");
        }
    }
}
