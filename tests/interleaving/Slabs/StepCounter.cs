using MagAlloc.Concurrency;

namespace MagAlloc.Interleaving.Slabs;

/// <summary>Counts the atomic steps of the thread that it is set for.</summary>
internal sealed class StepCounter : IAtomicScheduler
{
    public int Steps { get; private set; }

    /// <inheritdoc/>
    public void Step(AtomicOperation operation) => Steps++;

    /// <inheritdoc/>
    public bool HoldStore(ref nuint location, nuint value) => false;
}
