using System.Diagnostics;
using MagAlloc.Tool.Analysis;
using MagAlloc.Tool.Analysis.Speedscope;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Hosting;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Tracing;

/// <summary>
/// A recording from the opened file to the summary. Three threads: this one watches and shows, one copies events to the file from
/// before the command's first instruction to the end of the session, and (only for a command within this process) one runs it.
/// </summary>
internal sealed class TraceRun : IDisposable
{
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(20);

    // Between the end of a process and the end of its stream.
    private static readonly TimeSpan s_drainLimit = TimeSpan.FromMinutes(1);

    // Its stacks are resolved within half a minute.
    private const long LargestRead = 256L << 20;

    private readonly TraceOptions _options;
    private readonly ITraced _traced;
    private readonly ProgramConsole _console;
    private readonly CancellationToken _interruption;
    private readonly OutputFile _output;
    private readonly EventSession _session;
    private readonly Task _copy;
    private readonly long _start = Stopwatch.GetTimestamp();

    private TraceRun(TraceOptions options, ITraced traced, OutputFile output, ProgramConsole console, CancellationToken interruption)
    {
        _options = options;
        _traced = traced;
        _console = console;
        _interruption = interruption;
        _output = output;
        _session = EventSession.Open(traced, EventSessions.ForTrace(options));

        // A thread of its own: it blocks in reads and writes, and must not wait for a pool that the traced command keeps busy.
        _copy = Task.Factory.StartNew(
            () => output.Copy(_session.Events), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    private bool IsOver =>
        _copy.IsCompleted || _traced.HasEnded || (_options.Duration is { } limit && Stopwatch.GetElapsedTime(_start) >= limit);

    /// <summary>Records until the traced process ends, the time is up or the user interrupts; returns the exit code.</summary>
    /// <param name="options">What to record, and where.</param>
    /// <param name="open">Opens what is traced; called when the file is known to be writable.</param>
    /// <param name="console">For progress and summary.</param>
    /// <param name="interruption">Ctrl-C.</param>
    public static int Execute(TraceOptions options, Func<ITraced> open, ProgramConsole console, CancellationToken interruption)
    {
        using OutputFile? profile = OutputFile.Open("--speedscope", options.Speedscope ? options.SpeedscopeFile : null);
        using ITraced traced = Record(options, open, console, interruption, out TimeSpan recorded);
        if (StandardStreams.OutputEnded.IsCancellationRequested && new FileInfo(options.File) is not { Exists: true, Length: > 0 })
            return ExitCode.Pass;
        TraceContents contents = console.Busy("reading the trace", () => TraceContents.Of(options.File));
        long? stacks = contents.IsReadable ? console.Busy("writing the profile", () => WriteProfile(options, profile)) : null;
        int exitCode = Conclude(options, traced, contents, recorded, stacks, console);
        if (contents is { IsReadable: true, Samples: > 0 })
            PrintSites(options, console);
        return exitCode;
    }

    public void Dispose()
    {
        _session.Dispose();
        try
        {
            _copy.Wait();
        }
        catch (AggregateException)
        {
            // Told by Record, or less than what is being thrown.
        }
    }

    private static ITraced Record(
        TraceOptions options, Func<ITraced> open, ProgramConsole console, CancellationToken interruption, out TimeSpan recorded)
    {
        using OutputFile output = OutputFile.Open("--output", options.File)!;
        ITraced traced = open();
        try
        {
            using TraceRun run = new(options, traced, output, console, interruption);
            recorded = run.Record();
            return output.Bytes != 0 || StandardStreams.OutputEnded.IsCancellationRequested
                ? traced
                : throw new UsageException($"{traced.Description} ended before its first event; nothing was written to '{options.File}'");
        }
        catch
        {
            traced.Dispose();
            throw;
        }
    }

    private TimeSpan Record()
    {
        _console.Heading($"trace: {_traced.Description} to {_options.File}");
        _console.Footer = _traced.ShowsProgress ? Progress : null;
        try
        {
            _traced.Go();
            Watch(() => IsOver);
            TimeSpan recorded = Stopwatch.GetElapsedTime(_start);
            _session.Stop(_copy);
            if (Task.WhenAny(_copy, Task.Delay(s_drainLimit, CancellationToken.None)).GetAwaiter().GetResult() != _copy)
                throw new UsageException($"{_traced.Description} does not end its session; '{_options.File}' lacks its end");

            // A disk that is full: a failure of the copy, thrown here.
            _copy.GetAwaiter().GetResult();
            if (_traced.IsOurs)
                Watch(() => _traced.HasEnded);
            return recorded;
        }
        finally
        {
            _console.Footer = null;
        }
    }

    private void Watch(Func<bool> over)
    {
        bool Over()
        {
            if (_interruption.IsCancellationRequested)
                _traced.Interrupt();
            return over();
        }

        if (_traced.ShowsProgress)
        {
            while (!Over())
                Thread.Sleep(s_poll);
        }
        else
        {
            _console.Watch(Over, Progress, _copy);
        }
    }

    private IReadOnlyList<SummaryRow> Progress() =>
    [
        new("traced", Text.Seconds(Stopwatch.GetElapsedTime(_start))),
        new("file", Text.Bytes(_output.Bytes)),
    ];

    private static void PrintSites(TraceOptions options, ProgramConsole console)
    {
        if (new FileInfo(options.File).Length > LargestRead)
            console.Line($"'{options.Program} analyze {options.File}' says who allocated");
        else
            AnalyzeRun.PrintSites(console.Busy("reading the stacks", () => AnalyzeRun.Read(options.File)), console);
    }

    private static long? WriteProfile(TraceOptions options, OutputFile? file)
    {
        long? stacks = null;
        file?.Write(stream => stacks = SpeedscopeExport.Write(options.File, stream));
        return stacks;
    }

    private static int Conclude(
        TraceOptions options, ITraced traced, TraceContents contents, TimeSpan recorded, long? stacks, ProgramConsole console)
    {
        List<SummaryRow> rows =
        [
            new("trace", options.File),
            new("size", Text.Bytes(new FileInfo(options.File).Length)),
            new("recorded", Text.Seconds(recorded)),
            new("events", Text.Count(contents.Events)),
            new("events of the engine", Text.Count(contents.EngineEvents)),
            new("sampled allocations", Text.Count(contents.Samples)),
            new("dropped events", Text.Count(contents.Dropped)),
        ];
        if (stacks is { } written)
            rows.Add(new SummaryRow("speedscope", $"{options.SpeedscopeFile}, {Text.Plural(written, "stack")}"));
        console.Summary(rows);
        if (contents.Dropped != 0)
            console.Failure($"{Text.Count(contents.Dropped)} events found the buffers full: sums over this trace are too low; give a larger --buffer");
        if (contents.Broken is not null)
            console.Failure($"'{options.File}' lacks its end ({contents.Broken}): the process ended without closing its trace; '{options.Program} analyze' shows what is there");
        else if (contents.EngineEvents == 0)
            console.Line("no event of the engine: the process has no heap, pool, cache or domain of MagAlloc");

        // A command that ends with our output may not have come to the end of its trace, nor to its first event: no failure of the run.
        int exitCode = traced.ExitCode;
        return exitCode == ExitCode.Pass && contents.Broken is not null && !StandardStreams.OutputEnded.IsCancellationRequested ? ExitCode.Failure : exitCode;
    }
}
