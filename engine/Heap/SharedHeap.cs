namespace MagAlloc;

/// <summary>Holds the heap of the process, in a class of its own so that making another heap does not make this one.</summary>
/// <remarks>No static constructor: the runtime may then treat the reference as a constant once the heap exists.</remarks>
internal static class SharedHeap
{
    internal static readonly NativeHeap Instance = NativeHeap.CreateShared();
}
