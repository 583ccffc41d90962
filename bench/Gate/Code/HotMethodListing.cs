using MagAlloc.Bench.Children;
using MagAlloc.Bench.Commands;

namespace MagAlloc.Bench.Gate.Code;

/// <summary>
/// Lists the machine code of the hot methods, in a process of its own: the JIT lists only what it was asked for at its start.
/// </summary>
internal static class HotMethodListing
{
    // No tiers: every method is compiled once and for good, whatever the machine is doing meanwhile. And for the instructions that
    // every server of the last ten years has: newer ones would make the same source another code on another machine.
    private static readonly Dictionary<string, string> s_environment = new()
    {
        ["DOTNET_TieredCompilation"] = "0",
        ["DOTNET_TieredPGO"] = "0",
        ["DOTNET_ReadyToRun"] = "1",
        ["DOTNET_EnableAVX512"] = "0",
        ["DOTNET_EnableAPX"] = "0",
        ["DOTNET_JitDisasm"] = HotMethods.Filter,
    };

    /// <exception cref="ChildFailedException">The process failed.</exception>
    public static IReadOnlyList<JitMethod> Read()
    {
        string file = Path.GetTempFileName();
        try
        {
            GateProcess.Run([GateChildCommand.Code], new Dictionary<string, string>(s_environment) { ["DOTNET_JitStdOutFile"] = file });
            return JitListing.Parse(File.ReadAllText(file));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
