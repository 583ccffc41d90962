using System.Net.Sockets;
using MagAlloc.Tooling.Commands;
using Microsoft.Diagnostics.NETCore.Client;

namespace MagAlloc.Tool.Tracing;

/// <summary>
/// An open EventPipe session. Whoever opens one must read <see cref="Events"/> on another thread until it ends: the traced runtime
/// answers <see cref="Stop"/> only when all was read.
/// </summary>
internal sealed class EventSession : IDisposable
{
    // A process that is stopped (a debugger, SIGSTOP) accepts the connection and never answers.
    private static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(15);

    // The rundown of a large process takes seconds.
    private static readonly TimeSpan s_stopLimit = TimeSpan.FromMinutes(2);

    private readonly EventPipeSession _session;

    private EventSession(EventPipeSession session) => _session = session;

    public Stream Events => _session.EventStream;

    /// <exception cref="UsageException">The process has no runtime that answers, or is not ours to trace.</exception>
    public static EventSession Open(ITraced traced, EventPipeSessionConfiguration configuration)
    {
        using CancellationTokenSource patience = new(s_answerLimit);
        try
        {
            return new EventSession(traced.Client.StartEventPipeSessionAsync(configuration, patience.Token).GetAwaiter().GetResult());
        }
        catch (Exception e) when (IsRefusal(e))
        {
            if (traced.HasEnded)
                throw new UsageException($"{OptionOf(traced)}{traced.Description} has ended");
            string why = e switch
            {
                ServerNotAvailableException => "it has no .NET runtime that answers",
                OperationCanceledException => $"its runtime did not answer within {s_answerLimit.TotalSeconds:0} s",
                UnauthorizedAccessException => "it belongs to another user",
                _ => OneLine(e.Message),
            };
            throw new UsageException($"{OptionOf(traced)}{traced.Description} cannot be traced: {why}");
        }
    }

    /// <summary>
    /// Ends the session; returns when the runtime has sent all. A process that ends closes its session itself, and is not there to
    /// answer: the end of the stream is as good as an answer.
    /// </summary>
    /// <param name="reading">Completes with the end of the stream.</param>
    public void Stop(Task reading)
    {
        using CancellationTokenSource patience = new(s_stopLimit);
        try
        {
            Task answer = _session.StopAsync(patience.Token);
            if (Task.WhenAny(answer, reading).GetAwaiter().GetResult() == reading)
                patience.Cancel();
            answer.GetAwaiter().GetResult();
        }
        catch (Exception e) when (IsRefusal(e))
        {
            // Whether the end was a clean one shows in the file.
        }
    }

    public void Dispose() => _session.Dispose();

    private static bool IsRefusal(Exception e) =>
        e is DiagnosticsClientException or IOException or SocketException or TimeoutException or OperationCanceledException
            or UnauthorizedAccessException;

    private static string OptionOf(ITraced traced) => traced.IsOurs ? string.Empty : "--pid: ";

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").TrimEnd('.', ' ');
}
