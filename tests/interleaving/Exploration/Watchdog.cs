using MagAlloc.Concurrency;

namespace MagAlloc.Interleaving.Exploration;

/// <summary>Lets a thread run freely, but not for ever: a check that walks a structure that is broken into a ring ends here.</summary>
internal sealed class Watchdog : IAtomicScheduler
{
    private const int MostSteps = 1_000_000;

    private int _steps;

    public static void Guard(Action? action)
    {
        AtomicSeam.t_scheduler = new Watchdog();
        try
        {
            action?.Invoke();
        }
        finally
        {
            AtomicSeam.t_scheduler = null;
        }
    }

    /// <inheritdoc/>
    public void Step(AtomicOperation operation)
    {
        if (++_steps > MostSteps)
        {
            throw new InterleavingException($"no end after {MostSteps} steps outside the schedule: a ring, or a state that nobody leaves");
        }
    }

    /// <inheritdoc/>
    public bool HoldStore(ref nuint location, nuint value) => false;
}
