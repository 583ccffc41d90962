using System.Runtime.InteropServices;

namespace MagAlloc.Interleaving.Exploration;

/// <summary>Lets one waiting thread go on. Who waits sleeps at once: all threads of a crew share a processor, so that spinning keeps out the one that is waited for.</summary>
/// <remarks>
/// An exploration hands its turn over some millions of times. A futex does that in a third of the time that an event
/// takes, which has a lock that both sides enter.
/// </remarks>
internal sealed unsafe class Turn : IDisposable
{
    private static readonly bool s_hasFutex = OperatingSystem.IsLinux() && Environment.Is64BitProcess;

    private readonly ManualResetEventSlim? _event = s_hasFutex ? null : new(false, spinCount: 0);
    private int* _given = s_hasFutex ? (int*)NativeMemory.AllocZeroed(sizeof(int)) : null;

    public void Give()
    {
        if (_given == null)
        {
            _event!.Set();
            return;
        }

        Volatile.Write(ref *_given, 1);
        Futex.WakeOne(_given);
    }

    /// <returns>False when it was not given in that time.</returns>
    public bool Await(int milliseconds = Timeout.Infinite)
    {
        if (_given == null)
        {
            bool given = _event!.Wait(milliseconds);
            if (given)
            {
                _event.Reset();
            }

            return given;
        }

        long end = milliseconds < 0 ? long.MaxValue : Environment.TickCount64 + milliseconds;
        while (Interlocked.Exchange(ref *_given, 0) == 0)
        {
            long left = end == long.MaxValue ? -1 : end - Environment.TickCount64;
            if (end != long.MaxValue && left <= 0)
            {
                return false;
            }

            Futex.WaitWhileZero(_given, left);
        }

        return true;
    }

    public void Dispose()
    {
        _event?.Dispose();
        NativeMemory.Free(_given);
        _given = null;
    }

    /// <summary>Linux's own wait on a word, private to the process. A wait may end early; who waits looks at the word.</summary>
    private static class Futex
    {
        private const int WaitPrivate = 128;
        private const int WakePrivate = 129;

        // The number of the call, by processor.
        private static readonly nint s_number = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 202 : 98;

        public static void WakeOne(int* word) => _ = Call(s_number, word, WakePrivate, 1, null, null, 0);

        public static void WaitWhileZero(int* word, long milliseconds)
        {
            long* time = stackalloc long[2] { milliseconds / 1000, milliseconds % 1000 * 1_000_000 };
            _ = Call(s_number, word, WaitPrivate, 0, milliseconds < 0 ? null : time, null, 0);
        }

        [DllImport("libc", EntryPoint = "syscall")]
        private static extern nint Call(nint number, int* word, nint operation, nint value, long* time, int* second, nint third);
    }
}
