using System.Runtime.Versioning;

namespace MagAlloc.Sharing.Platform;

/// <summary>Tells when descriptions of watched files end (<c>inotify</c>): closed, unmapped, or gone with their process.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class FileWatch
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const uint ClosedAfterWriting = 0x8;
    private const uint ClosedAfterReading = 0x10;
    private const uint Overflow = 0x4000;
    private const int EventBytes = 16;
    private const int BufferBytes = 4096;

    // Others cause the events, and can do so without end.
    private const int MostReads = 16;

    /// <returns>Null when the system refused; it allows a user so many watchers.</returns>
    internal static FileDescriptor? Create()
    {
        int number = LinuxCalls.CreateWatcher(CloseOnExec | NonBlocking);
        return number < 0 ? null : new FileDescriptor(number);
    }

    /// <returns>A number for the file, or -1.</returns>
    internal static int Add(FileDescriptor watcher, FileDescriptor file)
    {
        byte* path = stackalloc byte[64];
        bool added = false;
        try
        {
            file.DangerousAddRef(ref added);
            MemoryFiles.WritePath(file, path);
            return LinuxCalls.AddWatch(watcher, path, ClosedAfterWriting | ClosedAfterReading);
        }
        finally
        {
            if (added)
            {
                file.DangerousRelease();
            }
        }
    }

    internal static void Remove(FileDescriptor watcher, int watch) => _ = LinuxCalls.RemoveWatch(watcher, watch);

    /// <summary>Reads what is there, without waiting; of very much a part.</summary>
    /// <param name="watcher">From <see cref="Create"/>.</param>
    /// <param name="closed">The numbers of files of which a description has ended.</param>
    /// <returns>False when more happened than the kernel could remember: then it may be any file.</returns>
    internal static bool Read(FileDescriptor watcher, ICollection<int> closed)
    {
        byte* buffer = stackalloc byte[BufferBytes];
        bool complete = true;
        for (int reads = 0; reads < MostReads; reads++)
        {
            nint got = LinuxCalls.Read(watcher, buffer, BufferBytes);
            if (got <= 0)
            {
                break;
            }

            for (nint at = 0; at + EventBytes <= got; at += EventBytes + (nint)((uint*)(buffer + at))[3])
            {
                uint happened = ((uint*)(buffer + at))[1];
                complete &= (happened & Overflow) == 0;
                if ((happened & (ClosedAfterWriting | ClosedAfterReading)) != 0)
                {
                    closed.Add(*(int*)(buffer + at));
                }
            }
        }

        return complete;
    }
}
