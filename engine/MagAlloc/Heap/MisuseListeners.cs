using MagAlloc.Events;

namespace MagAlloc;

/// <summary>Tells subscribers of a misuse, whatever its report looks like. Any thread.</summary>
internal static class MisuseListeners
{
    [ThreadStatic]
    private static int t_depth;

    /// <summary>
    /// Calls each subscriber. A subscriber's exception ends here: the caller may be in the middle of a batch, or the worker.
    /// </summary>
    public static void Tell<TReport>(Action<TReport>? subscribers, TReport report)
    {
        foreach (Action<TReport> subscriber in subscribers?.GetInvocationList().Cast<Action<TReport>>() ?? [])
        {
            t_depth++;
            try
            {
                subscriber(report);
            }
#pragma warning disable CA1031 // A listener must not break the allocator.
            catch (Exception)
#pragma warning restore CA1031
            {
                // Nowhere to pass it to; the misuse itself is counted.
            }
            finally
            {
                t_depth--;
            }
        }
    }

    /// <summary>
    /// Refuses to dispose an owner from inside a subscriber, of whichever owner, which would unmap what its caller is working on.
    /// </summary>
    public static void RequireNotReporting()
    {
        EventGuard.RequireNotWriting();
        if (t_depth != 0)
        {
            throw new InvalidOperationException("A handler of MisuseDetected must not dispose a heap, pool or domain: dispose it after the operation.");
        }
    }
}
