using MagAlloc.Tool.Commands;
using MagAlloc.Tooling.Hosting;
using MagAlloc.Tooling.Reporting;

return Host.Run("magalloc", () => ToolCommandLine.Run(args, ProgramConsole.ForProcess(), Console.Out, Console.Error));
