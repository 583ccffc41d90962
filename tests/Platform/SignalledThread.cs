using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace MagAlloc.Tests.Platform;

/// <summary>Runs something on a thread that gets a signal every few milliseconds, one whose handler does nothing.</summary>
[SupportedOSPlatform("linux")]
internal static partial class SignalledThread
{
    // SIGWINCH
    private const int Signal = 28;

    public static void Run(Action action)
    {
        // The runtime installs its handler for those that somebody asks for.
        using PosixSignalRegistration handled = PosixSignalRegistration.Create((PosixSignal)Signal, context => context.Cancel = true);
        nint self = 0;
        Exception? failure = null;
        Thread thread = new(() =>
        {
            Volatile.Write(ref self, Self());
            try
            {
                action();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        Assert.That(SpinWait.SpinUntil(() => Volatile.Read(ref self) != 0, TimeSpan.FromSeconds(10)), Is.True);
        while (!thread.Join(TimeSpan.FromMilliseconds(3)))
        {
            _ = Send(self, Signal);
        }

        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    [LibraryImport("libc", EntryPoint = "pthread_self")]
    private static partial nint Self();

    [LibraryImport("libc", EntryPoint = "pthread_kill")]
    private static partial int Send(nint thread, int signal);
}
