using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace MagAlloc.Tooling.Commands;

/// <summary>The generated help, followed by examples: what an option is for shows best in a command that uses it.</summary>
internal sealed class ExampleHelpAction(HelpAction generated, Func<string, string?> examplesOf) : SynchronousCommandLineAction
{
    // Asking for help is never a usage error, whatever else is on the line.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = generated.Invoke(parseResult);
        if (examplesOf(parseResult.CommandResult.Command.Name) is { } examples)
            parseResult.InvocationConfiguration.Output.WriteLine(examples);
        return exitCode;
    }
}
