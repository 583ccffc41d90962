using System.Runtime.InteropServices;

namespace MagAlloc.Bench.Contenders;

/// <summary>The item of the pool under test.</summary>
[StructLayout(LayoutKind.Sequential, Size = Bytes)]
internal readonly struct Item64
{
    public const int Bytes = 64;
}
