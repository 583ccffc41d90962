using MagAlloc.Concurrency;

namespace MagAlloc.Iova;

/// <summary>A reserved piece of a domain. Of those who free it one wins.</summary>
internal sealed class ReservedRange(IovaRange range)
{
    private int _isFreed;

    public IovaRange Range => range;

    public bool IsFreed => Atomic.Load(ref _isFreed) != 0;

    public bool TryFree() => Atomic.CompareExchange(ref _isFreed, 1, 0) == 0;
}
