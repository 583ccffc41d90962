using System.Diagnostics;

namespace MagAlloc.Stress.Commands;

/// <summary>How this program starts itself: by its own file or by the host with the assembly, as this process was; a test's host starts the program's file.</summary>
internal static class OwnProgram
{
    public static ProcessStartInfo Start(params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = Find();
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }

    private static ProcessStartInfo Find()
    {
        string assembly = typeof(OwnProgram).Assembly.Location;
        string? process = Environment.ProcessPath;
        string? processName = Path.GetFileNameWithoutExtension(process);
        if (process is not null && processName == Path.GetFileNameWithoutExtension(assembly))
            return new ProcessStartInfo(process);
        if (process is not null && processName == "dotnet" && Environment.GetCommandLineArgs()[0] == assembly)
            return new ProcessStartInfo(process) { ArgumentList = { assembly } };
        return new ProcessStartInfo(Path.ChangeExtension(assembly, OperatingSystem.IsWindows() ? ".exe" : null));
    }
}
