using System.Diagnostics;
using MagAlloc.Tooling.Commands;
using Microsoft.Diagnostics.NETCore.Client;

namespace MagAlloc.Tool.Tracing;

/// <summary>A process that somebody else started and that goes on afterwards.</summary>
internal sealed class AttachedProcess : ITraced
{
    private readonly Process _process;
    private bool _leftAlone;

    private AttachedProcess(Process process, string name)
    {
        _process = process;
        Client = new DiagnosticsClient(process.Id);
        Description = $"process {process.Id} ({name})";
    }

    public DiagnosticsClient Client { get; }

    public string Description { get; }

    public bool ShowsProgress => false;

    public bool IsOurs => false;

    public bool HasEnded => _leftAlone || _process.HasExited;

    public int ExitCode => Tooling.Commands.ExitCode.Pass;

    /// <exception cref="UsageException">No such process.</exception>
    public static AttachedProcess Open(int pid)
    {
        try
        {
            Process process = Process.GetProcessById(pid);
            return new AttachedProcess(process, process.ProcessName);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new UsageException($"--pid: no process {pid} is running; give the id of a running .NET process");
        }
    }

    public void Go()
    {
        // It runs already.
    }

    public void Interrupt() => _leftAlone = true;

    public void Dispose() => _process.Dispose();
}
