using System.Runtime.InteropServices;

namespace MagAlloc.Tests.Bench.Contenders;

/// <summary>An allocator in managed code, as somebody else would build it, with methods that cannot be one.</summary>
internal sealed unsafe class SampleAllocator
{
    public static nint Allocate(nuint bytes) => (nint)NativeMemory.Alloc(bytes);

    public static void* AllocateInt(int bytes) => NativeMemory.Alloc((nuint)bytes);

    public static void Free(nint block) => NativeMemory.Free((void*)block);

    public static byte* Grow(byte* block, long bytes) => (byte*)NativeMemory.Realloc(block, (nuint)bytes);

    // Of two that are called alike the one that fits is taken.
    public static nint Either(string bytes) => throw new NotSupportedException(bytes);

    public static nint Either(ulong bytes) => Allocate((nuint)bytes);

    public static nint Refuse(nuint bytes) => bytes > 64 ? 0 : 0;

    public static nint Throw(nuint bytes) => throw new NotSupportedException($"not {bytes}");

    public static nint AllocateAny<T>(nuint bytes) => Allocate(bytes);

    public static void FreeByName(string block) => _ = block;

    public static bool FreeAndTell(nint block) => block == 0;

    public nint AllocateMine(nuint bytes) => Allocate(bytes) + (this is null ? 1 : 0);

    /// <summary>One whose initialiser fails.</summary>
    internal static class Broken
    {
        private static readonly nint s_reserved = Reserve();

        public static nint Allocate(nuint bytes) => s_reserved + (nint)bytes;

        public static void Free(nint block) => _ = block;

        private static nint Reserve() => throw new InvalidOperationException("there is no room");
    }
}
