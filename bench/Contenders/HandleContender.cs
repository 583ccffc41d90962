namespace MagAlloc.Bench.Contenders;

/// <summary>Opens the calling thread's handle of a <see cref="NativeHeap"/>.</summary>
internal readonly struct HandleContender(NativeHeap heap) : IContender<HandleSession>
{
    public HandleSession Open() => new(heap);
}
