using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace MagAlloc.Sharing.Platform;

/// <summary>Waiting on a word in memory that processes share (<c>futex</c>); the waiter needs to read it only.</summary>
[SupportedOSPlatform("linux")]
internal static unsafe class FutexWord
{
    private const int WaitOperation = 0;
    private const int WakeOperation = 1;

    private static nint Call => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 202 : 98;

    /// <summary>Waits while the word has a value. May return early; look again.</summary>
    /// <param name="word">In a shared mapping, four-byte aligned.</param>
    /// <param name="value">What it has.</param>
    /// <param name="timeout">How long at most.</param>
    internal static void Wait(uint* word, uint value, TimeSpan timeout)
    {
        TimeSpec limit = new() { Seconds = timeout.Ticks / TimeSpan.TicksPerSecond, Nanoseconds = timeout.Ticks % TimeSpan.TicksPerSecond * 100 };
        _ = LinuxCalls.Futex(Call, word, WaitOperation, value, &limit, null, 0);
    }

    /// <summary>Wakes all who wait.</summary>
    internal static void WakeAll(uint* word) => _ = LinuxCalls.Futex(Call, word, WakeOperation, int.MaxValue, null, null, 0);
}
