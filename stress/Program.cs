using MagAlloc.Stress.Commands;
using MagAlloc.Stress.Reporting;
using MagAlloc.Stress.Sharing;

// Started by itself: what an importer of 'stress share' is.
return ImporterProgram.IsAsked(args)
    ? ImporterProgram.Run(args)
    : StressCommandLine.Run(args, StressConsole.ForProcess(), Console.Out, Console.Error);
