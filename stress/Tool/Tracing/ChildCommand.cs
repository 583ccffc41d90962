using System.ComponentModel;
using System.Diagnostics;
using MagAlloc.Tooling.Commands;
using MagAlloc.Tooling.Reporting;
using Microsoft.Diagnostics.NETCore.Client;

namespace MagAlloc.Tool.Tracing;

/// <summary>
/// A command in a process of its own. Its runtime is told to connect to a socket of ours before it runs any code and to wait
/// there: the session is open before the first event can be. (Connecting to a process that has just started would lose the
/// construction of its heap, or find nobody who answers yet.)
/// </summary>
internal sealed class ChildCommand : ITraced
{
    private static readonly TimeSpan s_startLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(5);

    private readonly string _folder;
    private readonly Process _process;
    private DiagnosticsClientConnector? _connector;
    private bool _interrupted;

    private ChildCommand(string description, string folder, Process process, Action<string> output, Action<string> error)
    {
        _folder = folder;
        _process = process;
        Description = $"{description} (process {process.Id})";
        process.OutputDataReceived += (_, line) => Relay(line.Data, output);
        process.ErrorDataReceived += (_, line) => Relay(line.Data, error);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public DiagnosticsClient Client => _connector!.Instance;

    public string Description { get; }

    public bool ShowsProgress => false;

    public bool IsOurs => true;

    public bool HasEnded => _process.HasExited;

    public int ExitCode
    {
        get
        {
            // Without a limit the wait includes the last lines of the redirected output.
            _process.WaitForExit();

            // One that a signal has ended tells no code of its own. Our request may have come before it listens for it.
            return _process.ExitCode switch
            {
                >= 0 and <= Tooling.Commands.ExitCode.Usage => _process.ExitCode,
                Signals.TerminatedCode when _interrupted => Tooling.Commands.ExitCode.Pass,
                _ => Tooling.Commands.ExitCode.Failure,
            };
        }
    }

    private static string MakeFolder()
    {
        try
        {
            return Directory.CreateTempSubdirectory("stress-trace-").FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TemporaryFile.Unwritable(e);
        }
    }

    /// <summary>Starts the process; it stands still until <see cref="Go"/>.</summary>
    /// <param name="start">What to start.</param>
    /// <param name="description">The same in words.</param>
    /// <param name="output">Takes its lines, on another thread.</param>
    /// <param name="error">Takes its lines on standard error, on another thread.</param>
    /// <exception cref="UsageException">The program cannot be started, or its runtime does not answer.</exception>
    public static ChildCommand Start(ProcessStartInfo start, string description, Action<string> output, Action<string> error)
    {
        // A folder that only this user can enter: who connects to the socket is told what the child does.
        string folder = MakeFolder();
        string port = OperatingSystem.IsWindows() ? $"stress-trace-{Guid.NewGuid():N}" : Path.Combine(folder, "port");
        using CancellationTokenSource patience = new(s_startLimit);
        Task<DiagnosticsClientConnector> connection = DiagnosticsClientConnector.FromDiagnosticPort($"{port},listen", patience.Token);
        start.Environment["DOTNET_DiagnosticPorts"] = $"{port},suspend";
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;

        ChildCommand? child = null;
        try
        {
            child = new ChildCommand(description, folder, Process.Start(start)!, output, error);
            child._connector = Await(connection, child._process);
            return child;
        }
        catch (Exception e) when (e is Win32Exception or OperationCanceledException or InvalidOperationException)
        {
            patience.Cancel();
            if (child is null)
                Delete(folder);
            child?.Dispose();
            throw new UsageException($"the command cannot be traced: {start.FileName}: {e.Message}");
        }
    }

    public void Go()
    {
        try
        {
            Client.ResumeRuntime();
        }
        catch (Exception e) when (e is DiagnosticsClientException or IOException && _process.WaitForExit(s_farewell))
        {
            // It was killed while it stood still: its exit code says so.
        }
    }

    public void Interrupt()
    {
        if (_interrupted || _process.HasExited)
            return;
        _interrupted = true;
        Signals.Interrupt(_process);
    }

    public void Dispose()
    {
        // After an orderly end it is gone; after an error of ours nobody would wait for it.
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(s_farewell);
        }

        // Also when somebody else has killed it.
        if (_process.HasExited)
            RuntimeFiles.Remove(_process.Id);
        _connector?.DisposeAsync().AsTask().Wait(s_farewell);
        _process.Dispose();
        Delete(_folder);
    }

    private static DiagnosticsClientConnector Await(Task<DiagnosticsClientConnector> connection, Process process)
    {
        using CancellationTokenSource gone = new();
        Task first = Task.WhenAny(connection, process.WaitForExitAsync(gone.Token)).GetAwaiter().GetResult();
        gone.Cancel();
        return first == connection
            ? connection.GetAwaiter().GetResult()
            : throw new InvalidOperationException($"it ended with exit code {process.ExitCode} before it ran");
    }

    private static void Relay(string? line, Action<string> to)
    {
        if (line is not null)
            to(line);
    }

    private static void Delete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // A socket that is still being closed; the folder is in the temporary one.
        }
    }
}
