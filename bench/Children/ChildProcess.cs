using System.ComponentModel;
using System.Diagnostics;

namespace MagAlloc.Bench.Children;

/// <summary>
/// A child process as its parent sees it: commands in, one line back for each. Whatever goes wrong with it ends in a
/// <see cref="ChildFailedException"/>, never in a wait without end; and it never outlives this object.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private const int SignalExitCode = 128;
    private static readonly TimeSpan s_farewell = TimeSpan.FromSeconds(2);

    private readonly Process _process;
    private readonly TimeSpan _patience;
    private readonly TaskCompletionSource _complaintsRead = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _firstComplaint;
    private string _awaited = "the start";

    private ChildProcess(Process process, TimeSpan patience)
    {
        _process = process;
        _patience = patience;
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
                _complaintsRead.TrySetResult();
            else if (!string.IsNullOrWhiteSpace(line.Data))
                _firstComplaint ??= line.Data.Trim();
        };
        process.BeginErrorReadLine();
    }

    /// <summary>The most it had resident so far; 0 when it has ended.</summary>
    public long PeakBytes
    {
        get
        {
            _process.Refresh();
            return _process.HasExited ? 0 : _process.PeakWorkingSet64;
        }
    }

    /// <param name="start">The program and its arguments; the streams are redirected here.</param>
    /// <param name="patience">How long an answer may take.</param>
    public static ChildProcess Start(ProcessStartInfo start, TimeSpan patience)
    {
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.UseShellExecute = false;
        try
        {
            return new ChildProcess(Process.Start(start)!, patience);
        }
        catch (Win32Exception e)
        {
            throw new ChildFailedException($"{start.FileName} cannot be started: {e.Message}");
        }
    }

    public void Send(string command)
    {
        _awaited = $"'{command}'";
        try
        {
            _process.StandardInput.WriteLine(command);
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
            throw Death();
        }
    }

    /// <summary>Waits for the next line.</summary>
    /// <exception cref="OperationCanceledException">The user does not want to wait any longer.</exception>
    public ChildReply Await(CancellationToken interruption)
    {
        Task<string?> line = _process.StandardOutput.ReadLineAsync(CancellationToken.None).AsTask();
        if (!line.Wait((int)_patience.TotalMilliseconds, interruption))
        {
            _process.Kill(entireProcessTree: true);
            throw new ChildFailedException($"no answer to {_awaited} within {_patience.TotalSeconds:0.#} s");
        }

        if (line.Result is not { } text)
            throw Death();
        ChildReply reply = ChildReply.Of(text);
        return reply.Word == Protocol.Failed ? throw new ChildFailedException(reply.Rest) : reply;
    }

    /// <summary>The child ends by itself when its input does; one that does not is killed.</summary>
    public void Dispose()
    {
        try
        {
            _process.StandardInput.Dispose();
        }
        catch (IOException)
        {
            // A command to a child that has died is still in the buffer.
        }

        if (!_process.WaitForExit(s_farewell))
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private ChildFailedException Death()
    {
        string end = _process.WaitForExit(s_farewell) switch
        {
            false => "it closed its output",
            _ when _process.ExitCode > SignalExitCode => $"signal {_process.ExitCode - SignalExitCode} ended it",
            _ => $"it ended with exit code {_process.ExitCode}",
        };

        // A process can be gone while its last lines are still in the pipe; what inherited the pipe may keep it open.
        _complaintsRead.Task.Wait(s_farewell);
        return new ChildFailedException($"{end} while {_awaited} was awaited{(_firstComplaint is null ? "" : $": {_firstComplaint}")}");
    }
}
