using System.Runtime.Versioning;

namespace MagAlloc.Platform;

/// <summary>The operating system's number of a thread: the one under which EventPipe and ETW file what the thread writes.</summary>
internal static class OsThread
{
    /// <summary>
    /// The calling thread's number; 0 where it cannot be told. Of a number of 64 bits (macOS) the lower half: it counts the threads since
    /// the start of the system. A thread's number is used again when the thread has ended.
    /// </summary>
    internal static uint CurrentId
    {
        get
        {
            if (OperatingSystem.IsWindows())
            {
                return Kernel32.CurrentThreadId();
            }

            return OperatingSystem.IsLinux() ? OnLinux() : OperatingSystem.IsMacOS() ? OnMac() : 0;
        }
    }

    [SupportedOSPlatform("linux")]
    private static uint OnLinux()
    {
        try
        {
            return (uint)LibC.GetThreadId();
        }
        catch (EntryPointNotFoundException)
        {
            // glibc before 2.30. Nothing but an event's payload hangs on it.
            return 0;
        }
    }

    [SupportedOSPlatform("macos")]
    private static unsafe uint OnMac()
    {
        ulong number;
        return LibC.GetThreadId(0, &number) == 0 ? (uint)number : 0;
    }
}
