using MagAlloc.Bench.Children;
using MagAlloc.Bench.Commands;
using MagAlloc.Bench.Share;
using MagAlloc.Stress.Reporting;

if (args is [Protocol.Subcommand, .. string[] assignment])
    return ChildProgram.Run(assignment, Console.In, Console.Out);

if (args is [Consumer.Subcommand, .. string[] work] && OperatingSystem.IsLinux())
    return Consumer.Run(work);

return BenchCommandLine.Run(args, StressConsole.ForProcess(), Console.Out, Console.Error);
