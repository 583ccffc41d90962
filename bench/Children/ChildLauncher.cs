using System.Diagnostics;
using System.Globalization;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;

namespace MagAlloc.Bench.Children;

/// <summary>How this program starts itself as a child.</summary>
internal static class ChildLauncher
{
    public static ProcessStartInfo Start(ChildAssignment assignment, ContenderEntry contender)
    {
        ProcessStartInfo start = Program();
        start.ArgumentList.Add(Protocol.Subcommand);
        foreach (string argument in assignment.Arguments)
            start.ArgumentList.Add(argument);

        // One collector for all, whatever the user's environment says, without a thread and a stack of its own: the runtime's share
        // of the resident set shall be the same in every child. The diagnostics' socket and thread are for nobody here.
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";

        // The same code, written without a second mapping: a child is up in two thirds of the time.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        if (assignment.Pace.TieringDelay is { } delay)
            start.Environment[CompiledMethods.DelayVariable] = ((int)delay.TotalMilliseconds).ToString("X", CultureInfo.InvariantCulture);
        foreach ((string name, string value) in contender.ChildEnvironment)
            start.Environment[name] = value;
        return start;
    }

    // By the program's own file or by the host with the assembly, as this process was; a test's host starts the program's file.
    private static ProcessStartInfo Program()
    {
        string assembly = typeof(ChildLauncher).Assembly.Location;
        string name = Path.GetFileNameWithoutExtension(assembly);
        string? process = Environment.ProcessPath;
        string? processName = Path.GetFileNameWithoutExtension(process);
        if (process is not null && processName == name)
            return new ProcessStartInfo(process);
        if (process is not null && processName == "dotnet")
            return new ProcessStartInfo(process) { ArgumentList = { assembly } };
        return new ProcessStartInfo(Path.ChangeExtension(assembly, OperatingSystem.IsWindows() ? ".exe" : null));
    }
}
