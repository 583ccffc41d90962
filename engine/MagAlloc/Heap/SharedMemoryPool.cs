namespace MagAlloc;

/// <summary>Holds <see cref="NativeMemoryPool.Shared"/>, so that it is made only when somebody asks for it.</summary>
internal static class SharedMemoryPool
{
    internal static readonly NativeMemoryPool Instance = new();
}
