namespace MagAlloc.Bench.Workloads;

/// <summary>
/// One workload with one contender. Its work comes in slices of a few thousand operations, each a call that is not inlined: so
/// the loop is called often enough to be compiled again with full optimisation, and no timer is read within it.
/// </summary>
/// <remarks>
/// Each method is called on the lane's own thread, which is the same one over the cell's life: what an allocator keeps for its
/// threads stays warm from round to round, and the blocks of <see cref="Prepare"/> belong to the thread that replaces them.
/// </remarks>
internal abstract class Cell
{
    /// <summary>Operations of all lanes together in one slice.</summary>
    public abstract long OperationsPerSlice { get; }

    /// <summary>Brings the lane into the state that every slice leaves behind; not measured.</summary>
    public virtual void Prepare(int lane)
    {
    }

    /// <summary>The measured work.</summary>
    public abstract void Run(int lane, long slices);

    /// <summary>Frees what the lane holds; not measured.</summary>
    public virtual void Clean(int lane)
    {
    }

    /// <summary>
    /// Resident bytes of the process before the work that idles, with what the cell's own code has cost; null for what was there
    /// before the contender was made. Known once it is prepared.
    /// </summary>
    public virtual long? IdleBaseline => null;

    /// <summary>The threads among which what is left after the idle time is shared out; 0 where that says nothing.</summary>
    public virtual int IdleThreads => 0;

    /// <summary>Another lane has failed: whoever waits for it must stop. Called from any thread.</summary>
    public virtual void Abandon()
    {
    }
}
