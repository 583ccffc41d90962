using System.Diagnostics;
using System.Reflection;

namespace MagAlloc.Tooling.Commands;

/// <summary>How a program starts itself: by its own file or by the host with the assembly, as this process was; a test's host starts the program's file.</summary>
internal static class OwnProgram
{
    /// <param name="program">The program's own assembly.</param>
    /// <param name="arguments">What it is told.</param>
    public static ProcessStartInfo Start(Assembly program, params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = Find(program.Location);

        // Where a tracer waits for this process alone, its children would stand still for one who never lets them go.
        start.Environment.Remove("DOTNET_DiagnosticPorts");
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }

    private static ProcessStartInfo Find(string assembly)
    {
        string? process = Environment.ProcessPath;
        string? processName = Path.GetFileNameWithoutExtension(process);
        if (process is not null && processName == Path.GetFileNameWithoutExtension(assembly))
            return new ProcessStartInfo(process);
        if (process is not null && processName == "dotnet" && Environment.GetCommandLineArgs()[0] == assembly)
            return new ProcessStartInfo(process) { ArgumentList = { assembly } };
        return new ProcessStartInfo(Path.ChangeExtension(assembly, OperatingSystem.IsWindows() ? ".exe" : null));
    }
}
