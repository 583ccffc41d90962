using MagAlloc.Bench.Commands;
using MagAlloc.Stress.Reporting;

return BenchCommandLine.Run(args, StressConsole.ForProcess(), Console.Out, Console.Error);
