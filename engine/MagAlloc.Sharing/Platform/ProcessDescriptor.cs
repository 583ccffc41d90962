using System.Runtime.Versioning;

namespace MagAlloc.Sharing.Platform;

/// <summary>Descriptors of processes (<c>pidfd</c>): readable once the process has ended.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class ProcessDescriptor
{
    // One number on all architectures: they are younger than the common table.
    private const int SendSignalCall = 424;
    private const int OpenCall = 434;
    private const int KillSignal = 9;

    /// <summary>For kernels that do not tell it of a socket: the process that has this number now.</summary>
    internal static FileDescriptor? Open(int process)
    {
        int number = (int)LinuxCalls.OpenProcess(OpenCall, process, 0);
        return number < 0 ? null : new FileDescriptor(number);
    }

    /// <summary>Ends the process, and never another one that has got its number.</summary>
    internal static bool TryKill(FileDescriptor process) => LinuxCalls.SignalProcess(SendSignalCall, process, KillSignal, null, 0) == 0;

    /// <summary>The user whose rights this process has, and whose its files are.</summary>
    internal static uint CurrentUser => LinuxCalls.GetUser();
}
