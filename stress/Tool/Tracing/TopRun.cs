using System.Diagnostics;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Tracing;

/// <summary>
/// The live dashboard: a session for statistics only, one thread that reads it, and this one that shows. Ends with the process, with the
/// time, or with Ctrl-C.
/// </summary>
internal static class TopRun
{
    private static readonly TimeSpan s_drainLimit = TimeSpan.FromSeconds(10);

    public static int Execute(
        Func<ITraced> open, TimeSpan interval, TimeSpan? duration, ProgramConsole console, CancellationToken interruption)
    {
        using ITraced traced = open();
        OwnerBoard board = new();
        using EventSession session = EventSession.Open(traced, EventSessions.ForDashboard(interval));
        Task reading = Task.Factory.StartNew(
            () => board.Read(session.Events), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        console.Heading($"top: {traced.Description}");
        long start = Stopwatch.GetTimestamp();
        traced.Go();
        console.Dashboard(
            IsOver,
            interval,
            width => TopView.Table(traced.Description, board.Snapshot(), board.Disposed, Stopwatch.GetElapsedTime(start), width),
            () => TopView.Lines(board.Snapshot(), board.Disposed, Stopwatch.GetElapsedTime(start)));

        session.Stop(reading);
        Task.WhenAny(reading, Task.Delay(s_drainLimit, CancellationToken.None)).GetAwaiter().GetResult();
        if (board.Dropped != 0)
            console.Failure($"{Text.Count(board.Dropped)} events found the buffers full");
        if (traced.IsOurs)
            AwaitEnd();
        console.Line(traced.HasEnded && !interruption.IsCancellationRequested
            ? $"{traced.Description} has ended"
            : $"ended after {Text.Seconds(Stopwatch.GetElapsedTime(start))}");
        return traced.ExitCode;

        bool IsOver()
        {
            if (interruption.IsCancellationRequested)
                traced.Interrupt();
            return reading.IsCompleted || traced.HasEnded || (duration is { } limit && Stopwatch.GetElapsedTime(start) >= limit);
        }

        // A command that was started for the dashboard runs to its end, also when the dashboard was asked for less.
        void AwaitEnd()
        {
            while (!traced.HasEnded)
            {
                if (interruption.IsCancellationRequested)
                    traced.Interrupt();
                Thread.Sleep(20);
            }
        }
    }
}
