using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace MagAlloc.Stress.Sharing;

/// <summary>A forked child of this process that does nothing but hold its mappings and descriptors until it is killed.</summary>
/// <remarks>
/// Of a process with several threads a fork copies only the one that calls: the runtime in the child is a wreck. So the child never comes back to it: both
/// calls are bound and compiled before, are made without a transition that would ask the collector, and nothing else is done in between.
/// </remarks>
[SupportedOSPlatform("linux")]
internal static unsafe class ForkedHolder
{
    /// <returns>The child's process.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Start()
    {
        nint library = NativeLibrary.Load("libc.so.6");
        var fork = (delegate* unmanaged[SuppressGCTransition]<int>)NativeLibrary.GetExport(library, "fork");
        var pause = (delegate* unmanaged[SuppressGCTransition]<int>)NativeLibrary.GetExport(library, "pause");
        int child = fork();
        while (child == 0)
            _ = pause();
        return child;
    }
}
