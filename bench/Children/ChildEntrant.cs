using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Children;

/// <summary>A contender in a workload, measured in a process of its own. Once it has failed, every further step does nothing.</summary>
internal sealed class ChildEntrant(string contender, ProcessStartInfo start, TimeSpan patience, CancellationToken interruption) : IDisposable
{
    private readonly List<double> _nsPerOperation = [];
    private ChildProcess? _process;
    private ChildFigures? _figures;
    private string? _reason;
    private bool _absent;
    private bool _failed;

    public string Contender => contender;

    /// <summary>True while it can be measured: it has been started, and has neither failed nor withdrawn.</summary>
    public bool TakesPart => _process is not null && _reason is null;

    /// <summary>What one operation of the workload is; known once it is ready.</summary>
    public string? Operation { get; private set; }

    /// <summary>True when each of its rounds is followed by idle time; known once it is ready.</summary>
    public bool Idles { get; private set; }

    /// <summary>The most it had resident so far.</summary>
    public long PeakBytes => _process?.PeakBytes ?? 0;

    /// <summary>Starts the process; it warms up by itself.</summary>
    public void Start() => Guarded(() => _process = ChildProcess.Start(start, patience));

    /// <summary>Waits until it has warmed up, or has told why it does not take part.</summary>
    public void AwaitReady() => Guarded(() =>
    {
        ChildReply reply = _process!.Await(interruption);
        if (reply.Word is Protocol.Ready or Protocol.ReadyToIdle)
        {
            Operation = reply.Rest;
            Idles = reply.Word == Protocol.ReadyToIdle;
            return;
        }

        Expect(reply, Protocol.Absent, Protocol.Unfit);
        _absent = reply.Word == Protocol.Absent;
        Withdraw(reply.Rest);
    });

    /// <summary>Sends a command; <see cref="AwaitDone"/> takes its answer.</summary>
    public void Begin(string command) => Guarded(() => _process!.Send(command));

    public void AwaitDone() => Guarded(() => Expect(_process!.Await(interruption), Protocol.Done));

    public void RunRound() => Guarded(() =>
    {
        _process!.Send(Protocol.Round);
        ChildReply reply = _process.Await(interruption);
        Expect(reply, Protocol.Done);
        if (!double.TryParse(reply.Rest, CultureInfo.InvariantCulture, out double ns) || !double.IsFinite(ns) || ns <= 0)
            throw new ChildFailedException($"'{reply.Rest}' is not the time of a round");
        _nsPerOperation.Add(ns);
    });

    /// <summary>Takes the answer to <see cref="Protocol.Finish"/>; the process ends.</summary>
    public void AwaitFigures() => Guarded(() =>
    {
        ChildReply reply = _process!.Await(interruption);
        Expect(reply, Protocol.Figures);
        try
        {
            _figures = ChildFigures.Parse(reply.Rest);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ChildFailedException($"its figures cannot be read: {e.Message}");
        }

        _process.Dispose();
        _process = null;
    });

    public ComparisonLine Line(string workload, int threads)
    {
        if (_figures is null)
            return new ComparisonLine(workload, contender, threads, null, _absent, _reason ?? "was not measured") { Failed = _failed };
        return new ComparisonLine(workload, contender, threads, RoundSummary.Of(_nsPerOperation, _figures.Settled), false, null)
        {
            Resident = _figures.Resident,
            Latency = _figures.Latency,
            Idle = _figures.Idle,
            Remark = _figures.Remark,
        };
    }

    public void Dispose() => _process?.Dispose();

    private static void Expect(ChildReply reply, params ReadOnlySpan<string> words)
    {
        if (!words.Contains(reply.Word))
            throw new ChildFailedException($"'{reply.Word}' was not expected; something else writes to its output");
    }

    private void Guarded(Action step)
    {
        if (_reason is not null)
            return;
        try
        {
            step();
        }
        catch (ChildFailedException e)
        {
            _failed = true;
            Withdraw($"failed: {e.Message}");
        }
    }

    private void Withdraw(string reason)
    {
        _reason = reason;
        _process?.Dispose();
        _process = null;
    }
}
