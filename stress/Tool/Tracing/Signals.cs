using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MagAlloc.Tool.Tracing;

/// <summary>The signal that .NET can receive but not send.</summary>
internal static partial class Signals
{
    // SIGTERM: SIGINT is ignored by whatever a shell started in the background, and by its children.
    private const int Termination = 15;

    /// <summary>The exit code of a process that <see cref="Interrupt"/> has ended before it listened.</summary>
    public const int TerminatedCode = 128 + Termination;

    /// <summary>Asks a process to end cleanly, as Ctrl-C would. Windows has no such call for one process: there it is ended.</summary>
    public static void Interrupt(Process process)
    {
        if (OperatingSystem.IsWindows())
            process.Kill();
        else
            _ = Kill(process.Id, Termination);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
