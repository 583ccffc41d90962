#if MAGALLOC_SEAM
using MagAlloc.Concurrency;
#endif

namespace MagAlloc.Magazines;

/// <summary>A thread as the nodes of its caches know it. Keeps nothing of it alive: a node may wait long for a successor.</summary>
/// <remarks>
/// A <see cref="Thread"/> object holds its thread's execution context, and so every value of an <see cref="AsyncLocal{T}"/>. A
/// living thread keeps the object reachable by itself; so where the reference is empty, the thread has ended.
/// </remarks>
internal sealed class ThreadLife
{
    private readonly WeakReference<Thread> _thread = new(Thread.CurrentThread);

    public bool IsAlive => _thread.TryGetTarget(out Thread? thread) && thread.IsAlive;

    /// <summary>
    /// Whether the thread waits in the runtime: sleeps, waits for an event, a lock or another thread. Then it is in the middle of nothing that does
    /// not wait. Waits inside native code (a socket, an idle thread of the pool) do not show. On Windows a thread that waits may run what it is
    /// sent meanwhile (messages, calls of a single-threaded apartment, asynchronous procedures), so there none counts as asleep.
    /// </summary>
#if MAGALLOC_SEAM
    public bool IsAsleep => Atomic.Load(ref Asleep) != 0;

    /// <summary>Set by the thread, in a scenario of the explorer.</summary>
    public int Asleep;
#else
    public bool IsAsleep
        => !OperatingSystem.IsWindows() && _thread.TryGetTarget(out Thread? thread) && (thread.ThreadState & ThreadState.WaitSleepJoin) != 0;
#endif

    public bool IsCurrent => ReferenceEquals(this, ThreadRecord.CurrentLife);
}
