namespace MagAlloc.Concurrency;

/// <summary>
/// Counts what is taken out of everybody's sight for a moment and will be back: chunks and blocks that a pass claims, magazines on their way
/// from a depot to the source, charges that may turn out to be too high. An allocation that found nothing meanwhile looks again
/// (<see cref="SecondLook"/>). Any thread, lock-free.
/// </summary>
/// <remarks>
/// What is on its way is claimed behind <see cref="Begin"/> and back before <see cref="End"/>, so there are never more ends than begins. A
/// thread's own do not count for it, neither those that it has ended, or each attempt that gives back what it could not use would call for
/// another one, nor those that it is inside of, a source that is called by a pass: it would wait for itself. If the others' begins, read behind
/// an attempt, are as many as their ends were before it, nothing of theirs was on its way at any moment of the attempt: a refusal is true.
/// </remarks>
internal sealed class Transit
{
    // Of all owners together: an attempt on one owner makes steps on others only inside a user's constructor or source.
    [ThreadStatic]
    private static long t_begun;

    [ThreadStatic]
    private static long t_ended;

    private PaddedLong _begun;
    private PaddedLong _ended;

    /// <summary>How many of the others' came back.</summary>
    public long EndedElsewhere => Atomic.Load(ref _ended.Value) - t_ended;

    public void Begin()
    {
        t_begun++;
        Atomic.Increment(ref _begun.Value);
    }

    public void End()
    {
        t_ended++;
        Atomic.Increment(ref _ended.Value);
    }

    /// <summary>Something was taken that could not be used, and is back: whoever missed it may look again.</summary>
    public void Pass()
    {
        Begin();
        End();
    }

    /// <summary>Whether anything of the others' was on its way at any moment since <see cref="EndedElsewhere"/> was read.</summary>
    public bool HasMovedSince(long ended) => Atomic.Load(ref _begun.Value) - t_begun != ended;
}
