using MagAlloc.Platform;

namespace MagAlloc;

/// <summary>
/// A thread that <see cref="ThreadAffinity.Pin"/> keeps on one CPU. Disposing of it restores the CPUs the thread had before.
/// </summary>
/// <remarks>A <c>ref struct</c>: it cannot leave the stack, so the thread that disposes of it is the one that was pinned.</remarks>
public ref struct PinnedThread : IDisposable
{
    private CpuMask? _previous;

    internal PinnedThread(CpuMask previous) => _previous = previous;

    /// <summary>Restores the CPUs that the thread could run on before. A second call does nothing.</summary>
    /// <exception cref="PlatformException">The operating system refused, because the CPUs are no longer allowed.</exception>
    public void Dispose()
    {
        if (_previous is null)
        {
            return;
        }

        CpuMask previous = _previous;
        _previous = null;
        Thread.EndThreadAffinity();
        ThreadAffinity.Move(previous);
    }
}
