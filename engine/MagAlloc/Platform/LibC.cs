using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace MagAlloc.Platform;

/// <summary>
/// The C library's calls that the engine makes on Unix, under names that say what they do. Arguments and results are the C
/// ones; only the types in this folder call them.
/// </summary>
/// <remarks>Only constants that are the same on Linux and macOS are here; those that differ live with their system.</remarks>
internal static unsafe partial class LibC
{
    internal const int NoAccess = 0;
    internal const int ReadAccess = 1;
    internal const int WriteAccess = 2;

    /// <summary><c>ENOMEM</c>.</summary>
    internal const int OutOfMemory = 12;

    /// <summary><c>EINVAL</c>.</summary>
    internal const int InvalidArgument = 22;

    private const string Library = "libc";

    /// <summary>What <see cref="Map"/> returns on failure: <c>MAP_FAILED</c>.</summary>
    internal static void* MapFailed => (void*)-1;

    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    internal static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport(Library, EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(void* address, nuint length);

    [LibraryImport(Library, EntryPoint = "mprotect", SetLastError = true)]
    internal static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport(Library, EntryPoint = "madvise", SetLastError = true)]
    internal static partial int Advise(void* address, nuint length, int advice);

    [SupportedOSPlatform("linux")]
    [LibraryImport(Library, EntryPoint = "mincore", SetLastError = true)]
    internal static partial int InCore(void* address, nuint length, byte* answers);

    /// <summary>Keeps the error number of the call before it: a clean-up must not hide why it was needed.</summary>
    [SupportedOSPlatform("linux")]
    [LibraryImport(Library, EntryPoint = "close")]
    internal static partial int Close(int file);

    [SupportedOSPlatform("linux")]
    [LibraryImport(Library, EntryPoint = "open", SetLastError = true)]
    internal static partial int Open(byte* path, int flags, int mode);

    [SupportedOSPlatform("linux")]
    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int file, byte* into, nuint bytes);

    [SupportedOSPlatform("linux")]
    [LibraryImport(Library, EntryPoint = "getrlimit", SetLastError = true)]
    internal static partial int GetLimit(int resource, ulong* softAndHard);

    [SupportedOSPlatform("linux")]
    [LibraryImport(Library, EntryPoint = "sched_getaffinity", SetLastError = true)]
    internal static partial int GetAffinity(int thread, nuint maskBytes, ulong* mask);

    [SupportedOSPlatform("linux")]
    [LibraryImport(Library, EntryPoint = "sched_setaffinity", SetLastError = true)]
    internal static partial int SetAffinity(int thread, nuint maskBytes, ulong* mask);

    [SupportedOSPlatform("linux")]
    [LibraryImport(Library, EntryPoint = "sched_getcpu", SetLastError = true)]
    internal static partial int GetCpu();

    /// <summary>Always short, never blocks: the runtime need not know that the thread is out.</summary>
    [SupportedOSPlatform("linux")]
    [SuppressGCTransition]
    [LibraryImport(Library, EntryPoint = "gettid")]
    internal static partial int GetThreadId();

    /// <param name="thread">0: the calling one.</param>
    /// <param name="number">Receives its number.</param>
    [SupportedOSPlatform("macos")]
    [LibraryImport(Library, EntryPoint = "pthread_threadid_np")]
    internal static partial int GetThreadId(nint thread, ulong* number);

    [SupportedOSPlatform("macos")]
    [LibraryImport(Library, EntryPoint = "sysctlbyname", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int GetSystemValue(string name, void* value, nuint* bytes, void* newValue, nuint newBytes);
}
