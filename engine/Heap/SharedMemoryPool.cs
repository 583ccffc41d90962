namespace MagAlloc;

/// <summary>Holds <see cref="NativeMemoryPool.Shared"/>, so that the shared heap is made only when somebody asks for it.</summary>
internal static class SharedMemoryPool
{
    internal static readonly NativeMemoryPool Instance = new(NativeHeap.Shared);
}
