using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace MagAlloc.Sharing.Platform;

/// <summary>The C library's calls on files and processes that only Linux has. Arguments and results are the C ones.</summary>
/// <remarks>Only the types in this folder call them. Variadic ones (<c>fcntl</c>, <c>open</c>, <c>ioctl</c>, <c>syscall</c>) take whole numbers only,
/// which Linux's calling conventions pass as they pass those of any other function.</remarks>
[SupportedOSPlatform("linux")]
internal static unsafe partial class LinuxCalls
{
    private const string Library = "libc";

    [LibraryImport(Library, EntryPoint = "memfd_create", SetLastError = true)]
    internal static partial int CreateMemoryFile(byte* name, uint flags);

    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    internal static partial int Lock(FileDescriptor file, int operation);

    [LibraryImport(Library, EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Unlink(string path);

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, int mode);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int GetStatus(int folder, string path, int flags, uint mask, FileStatus* status);

    [LibraryImport(Library, EntryPoint = "fchmod", SetLastError = true)]
    internal static partial int ChangeMode(FileDescriptor file, uint mode);

    [LibraryImport(Library, EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int SetLength(FileDescriptor file, long bytes);

    [LibraryImport(Library, EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Allocate(FileDescriptor file, int mode, long offset, long bytes);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int Control(FileDescriptor file, int command, int argument);

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true)]
    internal static partial int GetStatus(FileDescriptor file, byte* path, int flags, uint mask, FileStatus* status);

    [LibraryImport(Library, EntryPoint = "fstatfs", SetLastError = true)]
    internal static partial int GetFileSystem(FileDescriptor file, FileSystemStatus* status);

    [LibraryImport(Library, EntryPoint = "pread", SetLastError = true)]
    internal static partial nint ReadAt(FileDescriptor file, byte* into, nuint bytes, long offset);

    [LibraryImport(Library, EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint WriteAt(FileDescriptor file, byte* from, nuint bytes, long offset);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(FileDescriptor file, byte* into, nuint bytes);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(FileDescriptor file, byte* from, nuint bytes);

    [LibraryImport(Library, EntryPoint = "mmap", SetLastError = true)]
    internal static partial void* Map(void* address, nuint length, int protection, int flags, FileDescriptor file, long offset);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int DeviceControl(FileDescriptor file, nuint request, void* argument);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int CreateEvent(uint initial, int flags);

    [LibraryImport(Library, EntryPoint = "inotify_init1", SetLastError = true)]
    internal static partial int CreateWatcher(int flags);

    [LibraryImport(Library, EntryPoint = "inotify_add_watch", SetLastError = true)]
    internal static partial int AddWatch(FileDescriptor watcher, byte* path, uint mask);

    [LibraryImport(Library, EntryPoint = "inotify_rm_watch", SetLastError = true)]
    internal static partial int RemoveWatch(FileDescriptor watcher, int watch);

    [LibraryImport(Library, EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(PollEntry* entries, nuint count, int timeoutMilliseconds);

    [LibraryImport(Library, EntryPoint = "geteuid")]
    internal static partial uint GetUser();

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint OpenProcess(nint number, int process, uint flags);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint SignalProcess(nint number, FileDescriptor process, int signal, void* information, uint flags);
}
