using System.Runtime.InteropServices;

namespace MagAlloc.Platform;

/// <summary><c>MEMORYSTATUSEX</c> of Windows.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MemoryStatus
{
    public uint Size;
    public uint Load;
    public ulong Physical;
    public ulong FreePhysical;
    public ulong PageFile;
    public ulong FreePageFile;
    public ulong Virtual;
    public ulong FreeVirtual;
    public ulong FreeExtendedVirtual;
}
