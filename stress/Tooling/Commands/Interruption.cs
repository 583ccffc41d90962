using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using MagAlloc.Tooling.Hosting;

namespace MagAlloc.Tooling.Commands;

/// <summary>
/// Turns the first Ctrl-C, SIGTERM or SIGHUP (of a terminal that is closed), and the end of standard output, into a request to end cleanly, with a summary of what was done. The second one ends the
/// process at once, as the user then expects. What comes within a moment of the first is the same request: a terminal signals every
/// process of the group, and <c>stress trace</c> passes the signal on to the command that it traces, for when it got it alone.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private static readonly TimeSpan s_sameRequest = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _signals;
    private readonly CancellationTokenRegistration _output;

    private long _first;

    public Interruption()
    {
        PosixSignal[] signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, .. IgnoresHangUp() ? [] : new[] { PosixSignal.SIGHUP }];
        _signals = [.. signals.Select(signal => PosixSignalRegistration.Create(signal, Handle))];
        _output = StandardStreams.OutputEnded.Register(_source.Cancel);
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
            signal.Dispose();
        _output.Dispose();
        _source.Dispose();
    }

    /// <summary>nohup: the run shall survive its terminal.</summary>
    private static bool IgnoresHangUp()
    {
        if (!OperatingSystem.IsLinux())
            return false;
        const string Field = "SigIgn:";
        string? line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal));
        return line is not null && (ulong.Parse(line[Field.Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 1) != 0;
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
