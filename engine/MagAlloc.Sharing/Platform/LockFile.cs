using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using MagAlloc.Platform;

namespace MagAlloc.Sharing.Platform;

/// <summary>Files that are there to be locked (<c>flock</c>). The kernel takes the lock away with the last descriptor, however its process ends.</summary>
/// <remarks>Refusals are return values; <see cref="VirtualMemory.LastError"/> says why.</remarks>
[SupportedOSPlatform("linux")]
internal static class LockFile
{
    private const int Create = 0x40;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int OwnerOnly = 0x180;

    private const int Exclusive = 2;
    private const int DontWait = 4;
    private const int GiveBack = 8;

    // O_NOFOLLOW is one of the few flags that differ.
    private static int NoFollow => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    /// <summary>
    /// Opens the file, and makes it if it is not there. No link is followed: in a folder that others may write to it could lead anywhere. Nothing is
    /// waited for: neither for the other end of a pipe that lies there, nor for a lease.
    /// </summary>
    internal static FileDescriptor? Open(string path)
    {
        int number = LinuxCalls.Open(path, Create | NonBlocking | CloseOnExec | NoFollow, OwnerOnly);
        return number < 0 ? null : new FileDescriptor(number);
    }

    /// <returns>False, with <see cref="LinuxError.TryAgain"/>, when somebody else has the lock; in this process too.</returns>
    internal static bool TryLock(FileDescriptor file) => LinuxCalls.Lock(file, Exclusive | DontWait) == 0;

    /// <summary>Now, and not when the last duplicate is closed: a process that is just being started has one of each descriptor.</summary>
    internal static void Unlock(FileDescriptor file) => _ = LinuxCalls.Lock(file, GiveBack);

    internal static bool TryDelete(string path) => LinuxCalls.Unlink(path) == 0;
}
