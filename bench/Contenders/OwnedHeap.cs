namespace MagAlloc.Bench.Contenders;

/// <summary>A heap beside a contender's own one.</summary>
/// <param name="Contender">Opens its sessions.</param>
/// <param name="Owner">Disposed with it; null when it is the contender's own heap, which stays.</param>
internal readonly record struct OwnedHeap<TContender>(TContender Contender, IDisposable? Owner) : IDisposable
{
    public void Dispose() => Owner?.Dispose();
}
