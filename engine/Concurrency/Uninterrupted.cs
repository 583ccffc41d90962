namespace MagAlloc.Concurrency;

/// <summary>Waits that <see cref="Thread.Interrupt"/> does not cut short. The interrupt stays pending for the caller.</summary>
/// <remarks>
/// For disposals: half of one would keep threads, descriptors and addresses for ever. Waits inside a <see cref="Run"/> collect the interrupt,
/// so that a long one is not woken again and again; outside of one, each passes it on by itself.
/// </remarks>
internal static class Uninterrupted
{
    [ThreadStatic]
    private static int t_depth;

    [ThreadStatic]
    private static bool t_pending;

    /// <summary>Runs something that waits, by way of this class, several times.</summary>
    public static void Run(Action deed)
    {
        t_depth++;
        try
        {
            deed();
        }
        finally
        {
            t_depth--;
            PassOn();
        }
    }

    /// <summary>Waits, again and again until it is done.</summary>
    /// <param name="wait">Does nothing, or nothing that may not be done twice, when it is interrupted.</param>
    public static void Wait(Action wait)
    {
        while (true)
        {
            try
            {
                wait();
                break;
            }
            catch (ThreadInterruptedException)
            {
                t_pending = true;
            }
        }

        PassOn();
    }

    /// <summary>One turn of a loop that waits. An interrupt ends the turn only.</summary>
    public static void SpinOnce(ref SpinWait spin)
    {
        try
        {
            spin.SpinOnce();
        }
        catch (ThreadInterruptedException)
        {
            t_pending = true;
        }

        PassOn();
    }

    /// <summary>Enters a lock. Left by <see cref="Monitor.Exit"/>.</summary>
    public static void Enter(object gate) => Wait(() => Monitor.Enter(gate));

    private static void PassOn()
    {
        if (t_depth == 0 && t_pending)
        {
            t_pending = false;
            Thread.CurrentThread.Interrupt();
        }
    }
}
