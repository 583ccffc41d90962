using System.Runtime.Versioning;

namespace MagAlloc.Sharing.Platform;

/// <summary>Ends another thread's <see cref="PollSet.Wait"/> (<c>eventfd</c>).</summary>
/// <remarks>
/// A bell may be rung, and silenced, while or after another thread disposes of it: nobody waits at it any more, so there is nobody to miss it. Whoever
/// rings does so outside of locks, at the end of what it did, and must not fail there.
/// </remarks>
[SupportedOSPlatform("linux")]
internal static unsafe class Doorbell
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;

    /// <returns>Null when the system refused.</returns>
    internal static FileDescriptor? Create()
    {
        int number = LinuxCalls.CreateEvent(0, CloseOnExec | NonBlocking);
        return number < 0 ? null : new FileDescriptor(number);
    }

    /// <summary>Makes the bell readable until somebody silences it.</summary>
    internal static void Ring(FileDescriptor bell)
    {
        ulong one = 1;
        try
        {
            _ = LinuxCalls.Write(bell, (byte*)&one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits.
        }
    }

    internal static void Silence(FileDescriptor bell)
    {
        ulong rung;
        try
        {
            _ = LinuxCalls.Read(bell, (byte*)&rung, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // It is silent for good.
        }
    }
}
