using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MagAlloc.Stress.Commands;

/// <summary>
/// Turns the first Ctrl-C (or SIGTERM) into a request to end cleanly, with a summary of what was done. The second one ends the
/// process at once, as the user then expects. What comes within a moment of the first is the same request: a terminal signals every
/// process of the group, and <c>stress trace</c> passes the signal on to the command that it traces, for when it got it alone.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private static readonly TimeSpan s_sameRequest = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    private long _first;

    public Interruption()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        long now = Stopwatch.GetTimestamp();
        long first = Interlocked.CompareExchange(ref _first, now, 0);
        if (first != 0 && Stopwatch.GetElapsedTime(first, now) > s_sameRequest)
            return;
        context.Cancel = true;
        _source.Cancel();
    }
}
