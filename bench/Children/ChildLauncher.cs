using System.Diagnostics;
using System.Globalization;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Children;

/// <summary>How this program starts itself as a child.</summary>
internal static class ChildLauncher
{
    public static ProcessStartInfo Start(ChildAssignment assignment, ContenderEntry contender)
    {
        ProcessStartInfo start = OwnProgram.Start(typeof(ChildLauncher).Assembly, assignment.Arguments.Prepend(Protocol.Subcommand));

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
}
