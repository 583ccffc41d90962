using MagAlloc.Bench.Children;
using MagAlloc.Bench.Commands;
using MagAlloc.Bench.Share;
using MagAlloc.Tooling.Hosting;
using MagAlloc.Tooling.Reporting;

return Host.Run("bench", () => args switch
{
    [Protocol.Subcommand, .. string[] assignment] => ChildProgram.Run(assignment, Console.In, Console.Out),
    [ColdStart.Subcommand, .. string[] way] => ColdStart.Run(way),
    [Consumer.Subcommand, .. string[] work] when OperatingSystem.IsLinux() => Consumer.Run(work),
    _ => BenchCommandLine.Run(args, ProgramConsole.ForProcess(), Console.Out, Console.Error),
});
