namespace MagAlloc;

/// <summary>How much a heap checks. Chosen when the heap is made; costs nothing where it is off.</summary>
public enum CheckLevel
{
    /// <summary>
    /// No check on the fast path. Pointers outside the heap are refused at once; a block freed twice, or a pointer into a
    /// block, is reported when it reaches its slab (at a reclaim pass, a flush or <see cref="NativeHeap.Trim"/>).
    /// </summary>
    None,

    /// <summary>
    /// One atomic bit a block: double free, pointer into a block, foreign pointer and wrong size of a sized free throw at
    /// once, on the offender's stack.
    /// </summary>
    Basic,

    /// <summary>
    /// For debugging. As <see cref="Basic"/>, and: red zones before and behind each block, freed blocks poisoned and held
    /// in quarantine, the poison checked before reuse, the stack of each allocation and free kept, a leak report at
    /// <see cref="NativeHeap.Dispose"/>. Allocates managed memory and takes locks.
    /// </summary>
    Full,
}
