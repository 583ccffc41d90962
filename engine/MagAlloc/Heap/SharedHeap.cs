using MagAlloc.Concurrency;

namespace MagAlloc;

/// <summary>Holds the heap of the process, in a class of its own so that making another heap does not make this one.</summary>
/// <remarks>No static constructor: the runtime may then treat the reference as a constant once the heap exists.</remarks>
internal static class SharedHeap
{
    /// <summary>The heap; null when there was no room for one at its first use (a static that throws does so for ever).</summary>
    internal static readonly NativeHeap? Instance = MakeFirst();

    private static NativeHeap? s_late;

    /// <summary>The heap where it could not be made at first, made now.</summary>
    /// <exception cref="OutOfMemoryException">There is no room for it now, either.</exception>
    /// <exception cref="InvalidOperationException">A configuration property is out of range.</exception>
    internal static NativeHeap MakeLater()
    {
        NativeHeap? made = Atomic.Load(ref s_late);
        if (made is not null)
        {
            return made;
        }

        made = NativeHeap.CreateShared();
        NativeHeap? first = Atomic.CompareExchange(ref s_late, made, null);
        if (first is null)
        {
            return made;
        }

        made.Core.Close();
        return first;
    }

    private static NativeHeap? MakeFirst()
    {
        try
        {
            return NativeHeap.CreateShared();
        }
        catch (Exception e) when (e is OutOfMemoryException or InvalidOperationException)
        {
            return null;
        }
    }
}
