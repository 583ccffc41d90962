using MagAlloc.Concurrency;
using MagAlloc.Interleaving.Exploration;

namespace MagAlloc.Interleaving.Ranges;

/// <summary>The worst company that a search can have: between any two of its steps others claim a unit and free it.</summary>
internal sealed class FreesBehindEachStep(Ranges ranges, int unit) : IAtomicScheduler
{
    private const int MostSteps = 1000;

    public int Steps { get; private set; }

    /// <inheritdoc/>
    public void Step(AtomicOperation operation)
    {
        AtomicSeam.t_scheduler = null;
        Must.Hold(++Steps <= MostSteps, $"no end after {MostSteps} steps");
        Must.Hold(ranges.Claim(unit, 1));
        ranges.Free(unit, 1);
        AtomicSeam.t_scheduler = this;
    }

    /// <inheritdoc/>
    public bool HoldStore(ref nuint location, nuint value) => false;
}
