using Microsoft.Diagnostics.NETCore.Client;

namespace MagAlloc.Tool.Tracing;

/// <summary>
/// A command within this process, traced through the process's own diagnostics port: what a program that records itself does.
/// The copying of the events competes with the command for CPU time and shows in its profile.
/// </summary>
internal sealed class OwnCommand(string description, Func<int> run) : ITraced
{
    private Task<int>? _running;

    public DiagnosticsClient Client { get; } = new(Environment.ProcessId);

    public string Description { get; } = $"{description} (this process)";

    public bool ShowsProgress => true;

    public bool IsOurs => true;

    public bool HasEnded => _running is { IsCompleted: true };

    public int ExitCode => _running!.GetAwaiter().GetResult();

    public void Go() => _running = Task.Factory.StartNew(
        run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public void Interrupt()
    {
        // The command listens for signals itself.
    }

    public void Dispose()
    {
        // Only an error of the session comes here while the command runs; the process is about to end.
        if (_running is { IsCompleted: true })
            _running.Dispose();
    }
}
