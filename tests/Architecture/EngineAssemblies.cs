using System.Reflection;

namespace MagAlloc.Tests.Architecture;

/// <summary>The libraries that the packages are made of.</summary>
internal static class EngineAssemblies
{
    public static Assembly Heap { get; } = typeof(NativeHeap).Assembly;

    public static Assembly Iova { get; } = typeof(IovaDomain).Assembly;

    public static Assembly Sharing { get; } = typeof(BufferQueue).Assembly;

    public static IReadOnlyList<Assembly> All { get; } = [Heap, Iova, Sharing];
}
