namespace MagAlloc.Bench.Iova.Kernel;

/// <summary>
/// A lock of the model, in one of two kinds: what a managed program takes, or the bare spinlock that the kernel has. The latter is cheaper
/// where nobody else is in the way, and unfit for a program, whose threads may be stopped inside.
/// </summary>
/// <param name="spins">True: a bare spinlock.</param>
internal sealed class KernelLock(bool spins)
{
    private readonly Lock _lock = new();
    private int _taken;

    /// <summary>Waits for the lock and takes it; the scope's end gives it back.</summary>
    public Scope Enter()
    {
        if (!spins)
            return new Scope(_lock.EnterScope(), null);

        // Yields after a while: the holder may wait for this very processor.
        SpinWait wait = default;
        while (Interlocked.CompareExchange(ref _taken, 1, 0) != 0)
            wait.SpinOnce();
        return new Scope(default, this);
    }

    /// <summary>The lock is held.</summary>
    internal ref struct Scope(Lock.Scope scope, KernelLock? spinlock)
    {
        private Lock.Scope _scope = scope;

        public void Dispose()
        {
            if (spinlock is not null)
                Volatile.Write(ref spinlock._taken, 0);
            else
                _scope.Dispose();
        }
    }
}
