using System.Runtime.InteropServices;

namespace MagAlloc.Platform;

/// <summary>Windows' <c>GROUP_AFFINITY</c>: processors of one group of at most 64.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GroupAffinity
{
    internal nuint Mask;
    internal ushort Group;

    // Windows refuses the structure unless these are zero.
    private readonly ushort _reserved0;
    private readonly ushort _reserved1;
    private readonly ushort _reserved2;
}
