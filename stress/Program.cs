using MagAlloc.Stress.Commands;
using MagAlloc.Stress.Reporting;

return StressCommandLine.Run(args, StressConsole.ForProcess(), Console.Out, Console.Error);
