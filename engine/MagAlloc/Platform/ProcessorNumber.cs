using System.Runtime.InteropServices;

namespace MagAlloc.Platform;

/// <summary>Windows' <c>PROCESSOR_NUMBER</c>: a group, and a processor within it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct ProcessorNumber
{
    internal readonly ushort Group;
    internal readonly byte Number;
    private readonly byte _reserved;
}
