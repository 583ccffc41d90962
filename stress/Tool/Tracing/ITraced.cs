using Microsoft.Diagnostics.NETCore.Client;

namespace MagAlloc.Tool.Tracing;

/// <summary>
/// The process whose events are wanted: a child that runs a command, this process running one, or any other process. Made by
/// <see cref="AttachedProcess"/>, <see cref="ChildCommand"/> or <see cref="OwnCommand"/>; used by one thread.
/// </summary>
internal interface ITraced : IDisposable
{
    /// <summary>Where the process's runtime answers.</summary>
    DiagnosticsClient Client { get; }

    /// <summary>What is traced, in a few words.</summary>
    string Description { get; }

    /// <summary>The command's own progress display is on the console: a second one would draw over it.</summary>
    bool ShowsProgress { get; }

    /// <summary>It was started here: its end is awaited, and its exit code is ours.</summary>
    bool IsOurs { get; }

    /// <summary>There is nothing more to come: it ended, or (a process that is not ours) it was asked to be left alone.</summary>
    bool HasEnded { get; }

    /// <summary>The exit code of the command; 0 for a process that is not ours. Valid after <see cref="HasEnded"/>.</summary>
    int ExitCode { get; }

    /// <summary>Called once, when the session is open: lets the command begin. Not one of its events is lost that way.</summary>
    void Go();

    /// <summary>The user wants to end; may be repeated. What was started here is asked to end cleanly, what was not is left alone.</summary>
    void Interrupt();
}
