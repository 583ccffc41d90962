using MagAlloc.Stress.Commands;
using MagAlloc.Stress.Hosting;
using MagAlloc.Stress.Reporting;
using MagAlloc.Stress.Sharing;

// Started by itself: what an importer of 'stress share' is.
return Host.Run("stress", () => ImporterProgram.IsAsked(args)
    ? ImporterProgram.Run(args)
    : StressCommandLine.Run(args, StressConsole.ForProcess(), Console.Out, Console.Error));
