using MagAlloc.Bench.Children;
using MagAlloc.Bench.Commands;
using MagAlloc.Stress.Reporting;

if (args is [Protocol.Subcommand, .. string[] assignment])
    return ChildProgram.Run(assignment, Console.In, Console.Out);

return BenchCommandLine.Run(args, StressConsole.ForProcess(), Console.Out, Console.Error);
