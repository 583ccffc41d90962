using MagAlloc.Stress.Commands;
using MagAlloc.Stress.Sharing;
using MagAlloc.Tooling.Hosting;
using MagAlloc.Tooling.Reporting;

// Started by itself: what an importer of 'stress share' is.
return Host.Run("stress", () => ImporterProgram.IsAsked(args)
    ? ImporterProgram.Run(args)
    : StressCommandLine.Run(args, ProgramConsole.ForProcess(), Console.Out, Console.Error));
