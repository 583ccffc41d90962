using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using MagAlloc.Bench.Workloads;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Children;

/// <summary>
/// The program as a child process. It does not go through the command line's parser: every child would pay for that, in time and
/// in resident memory.
/// </summary>
internal static class ChildProgram
{
    /// <summary>Answers commands until <see cref="Protocol.Finish"/> or the end of the input; returns the exit code.</summary>
    public static int Run(IReadOnlyList<string> arguments, TextReader input, TextWriter output)
    {
        if (ChildAssignment.Of(arguments) is not { } assignment)
        {
            Console.Error.WriteLine("bench: 'child' is started by compare, and not for use by hand");
            return ExitCode.Usage;
        }

        // Ctrl-C goes to the whole group: the parent decides, and closes the input.
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using BlockingCollection<string> commands = Listen(input);
        try
        {
            Answer(assignment, commands, output);
            return ExitCode.Pass;
        }
        catch (Exception e)
        {
            output.WriteLine($"{Protocol.Failed} {OneLine($"{e.GetType().Name}: {e.Message}")}");
            return ExitCode.Failure;
        }
    }

    // The input is read on a thread of its own: when it ends, the parent is gone, and nobody waits for a round to finish.
    private static BlockingCollection<string> Listen(TextReader input)
    {
        BlockingCollection<string> commands = [];
        Thread listener = new(() =>
        {
            while (input.ReadLine() is { } command)
                commands.Add(command);
            Process.GetCurrentProcess().Kill();
        })
        {
            IsBackground = true,
            Name = "commands",
        };
        listener.Start();
        return commands;
    }

    private static void Answer(ChildAssignment assignment, BlockingCollection<string> commands, TextWriter output)
    {
        using IChildRun run = assignment.Workload == ColdStartWorkload.StableName ? new ColdStartRun(assignment) : new ChildRun(assignment);
        output.WriteLine(OneLine(run.Begin()));
        while (run.TakesPart)
        {
            string command = commands.Take();
            switch (command)
            {
                case Protocol.Round:
                    output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Protocol.Done} {run.Round():R}"));
                    break;
                case Protocol.Rehearse:
                    run.RehearseTiming();
                    output.WriteLine(Protocol.Done);
                    break;
                case Protocol.Latency:
                    run.TimeAllocations();
                    output.WriteLine(Protocol.Done);
                    break;
                case Protocol.Finish:
                    output.WriteLine($"{Protocol.Figures} {run.Finish().ToJson()}");
                    return;
                default:
                    throw new InvalidOperationException($"'{command}' is not a command of the parent.");
            }
        }
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
