using System.Runtime.InteropServices;

namespace MagAlloc.Platform;

/// <summary>
/// The arithmetic of an aligned reservation on Unix, where <c>mmap</c> aligns to pages only: ask for more, cut off both ends.
/// </summary>
internal static unsafe class UnixReservation
{
    /// <summary>
    /// Reserves <paramref name="bytes"/> bytes of inaccessible, anonymous address space at a multiple of
    /// <paramref name="alignment"/>. Null when the system refused.
    /// </summary>
    internal static void* Reserve(nuint bytes, nuint alignment, int mapFlags)
    {
        nuint slack = alignment > VirtualMemory.PageSize ? alignment - VirtualMemory.PageSize : 0;
        if (bytes > nuint.MaxValue - slack)
        {
            Marshal.SetLastPInvokeError(LibC.OutOfMemory);
            return null;
        }

        byte* mapping = (byte*)LibC.Map(null, bytes + slack, LibC.NoAccess, mapFlags, -1, 0);
        if (mapping == LibC.MapFailed)
        {
            return null;
        }

        byte* start = (byte*)(((nuint)mapping + alignment - 1) & ~(alignment - 1));
        nuint head = (nuint)(start - mapping);
        nuint tail = slack - head;

        // The kernel may have merged this mapping with a neighbour, so that a cut splits it and meets the limit on the
        // number of mappings. Then the whole goes back: a caller that is told "refused" has nothing left to release.
        if ((head != 0 && LibC.Unmap(mapping, head) != 0) || (tail != 0 && LibC.Unmap(start + bytes, tail) != 0))
        {
            int error = VirtualMemory.LastError;
            _ = LibC.Unmap(mapping, bytes + slack);
            Marshal.SetLastPInvokeError(error);
            return null;
        }

        return start;
    }
}
