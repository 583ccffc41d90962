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

    public bool IsCurrent => ReferenceEquals(this, ThreadRecord.CurrentLife);
}
