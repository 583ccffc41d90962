using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace MagAlloc.Platform;

/// <summary>
/// The Windows calls that the engine makes, under names that say what they do. Only the types in this folder call them.
/// Untested: no such machine was at hand.
/// </summary>
[SupportedOSPlatform("windows")]
internal static unsafe partial class Kernel32
{
    private const string Library = "kernel32";

    [LibraryImport(Library, EntryPoint = "VirtualAlloc", SetLastError = true)]
    internal static partial void* Allocate(void* address, nuint size, uint allocationType, uint protection);

    [LibraryImport(Library, EntryPoint = "VirtualFree", SetLastError = true)]
    internal static partial int Free(void* address, nuint size, uint freeType);

    /// <summary>A constant that stands for the current process; it is never closed.</summary>
    [LibraryImport(Library, EntryPoint = "GetCurrentProcess")]
    internal static partial nint CurrentProcess();

    /// <summary>A constant that stands for the current thread; it is never closed.</summary>
    [LibraryImport(Library, EntryPoint = "GetCurrentThread")]
    internal static partial nint CurrentThread();

    [LibraryImport(Library, EntryPoint = "GetCurrentThreadId")]
    internal static partial uint CurrentThreadId();

    [LibraryImport(Library, EntryPoint = "GetProcessAffinityMask", SetLastError = true)]
    internal static partial int GetProcessAffinity(nint process, nuint* processMask, nuint* systemMask);

    [LibraryImport(Library, EntryPoint = "GetActiveProcessorGroupCount")]
    internal static partial ushort GroupCount();

    [LibraryImport(Library, EntryPoint = "GetActiveProcessorCount", SetLastError = true)]
    internal static partial uint ProcessorCount(ushort group);

    [LibraryImport(Library, EntryPoint = "GetThreadGroupAffinity", SetLastError = true)]
    internal static partial int GetThreadAffinity(nint thread, GroupAffinity* affinity);

    [LibraryImport(Library, EntryPoint = "SetThreadGroupAffinity", SetLastError = true)]
    internal static partial int SetThreadAffinity(nint thread, GroupAffinity* affinity, GroupAffinity* previous);

    [LibraryImport(Library, EntryPoint = "GetCurrentProcessorNumberEx")]
    internal static partial void CurrentProcessor(ProcessorNumber* processor);

    [LibraryImport(Library, EntryPoint = "GlobalMemoryStatusEx", SetLastError = true)]
    internal static partial int GetMemoryStatus(MemoryStatus* status);
}
