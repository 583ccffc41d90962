using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Contenders;

/// <summary>
/// Addresses of the malloc family in a native allocator. The names are a prefix and the C library's ("mi_malloc"), which holds
/// for mimalloc, tcmalloc and tbbmalloc alike.
/// </summary>
internal sealed class NativeExports
{
    private NativeExports(nint library, string prefix)
    {
        Malloc = NativeLibrary.GetExport(library, prefix + "malloc");
        Calloc = NativeLibrary.GetExport(library, prefix + "calloc");
        Realloc = NativeLibrary.GetExport(library, prefix + "realloc");
        Free = NativeLibrary.GetExport(library, prefix + "free");

        // Of the functions for aligned blocks the one that all have with the same arguments, and whose blocks all let the
        // ordinary free take back.
        PosixMemalign = NativeLibrary.GetExport(library, prefix + "posix_memalign");
    }

    public nint Malloc { get; }

    public nint Calloc { get; }

    public nint Realloc { get; }

    public nint Free { get; }

    public nint PosixMemalign { get; }

    /// <summary>Loads a library for the rest of the process: its thread destructors must stay mapped.</summary>
    /// <returns>False when there is no such library.</returns>
    public static bool TryLoad(string file, string prefix, [NotNullWhen(true)] out NativeExports? exports)
    {
        exports = NativeLibrary.TryLoad(file, out nint library) ? new NativeExports(library, prefix) : null;
        return exports is not null;
    }
}
