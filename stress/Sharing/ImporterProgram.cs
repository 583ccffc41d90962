using System.Runtime.Versioning;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Stress.Sharing;

/// <summary>
/// The program as an importer. It talks to its owner in lines: <c>ready</c>, <c>verified N</c>, <c>corrupt TEXT</c>, <c>holder PID</c>, <c>done</c>. It
/// ends with its standard input, so that none outlives a run that was killed.
/// </summary>
internal static class ImporterProgram
{
    [SupportedOSPlatformGuard("linux")]
    public static bool IsAsked(string[] args) => args.Length == 4 && args[0] == ImporterArguments.Verb && OperatingSystem.IsLinux();

    [SupportedOSPlatform("linux")]
    public static int Run(string[] args)
    {
        ImporterArguments arguments = ImporterArguments.Parse(args);
        Thread lifeline = new(() =>
        {
            while (Console.In.Read() >= 0)
            {
            }

            Environment.Exit(ExitCode.Pass);
        })
        {
            IsBackground = true,
        };
        lifeline.Start();
        try
        {
            switch (arguments.Role)
            {
                case ImporterArguments.Honest:
                    new HonestImporter(arguments).Run();
                    break;
                case ImporterArguments.Holder:
                    RogueImporter.HoldForOther(arguments.Address);
                    break;
                default:
                    new RogueImporter(arguments).Run(Enum.Parse<RogueKind>(arguments.Role));
                    break;
            }

            return ExitCode.Pass;
        }
        catch (Exception e) when (e is BufferException or ObjectDisposedException)
        {
            // The owner is gone, or has thrown this importer out: what runs of this kind end with.
            Say($"ended {e.Message}");
            return ExitCode.Pass;
        }
    }

    public static void Say(string line)
    {
        Console.Out.WriteLine(line);
        Console.Out.Flush();
    }
}
