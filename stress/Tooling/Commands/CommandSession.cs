using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tooling.Commands;

/// <summary>What every command does around its work: ends it cleanly on Ctrl-C.</summary>
internal class CommandSession(string program, ProgramConsole console, TextWriter output, TextWriter error)
{
    /// <summary>The program's name, at the head of its messages and in its examples.</summary>
    public string Program => program;

    public TextWriter Output => output;

    public TextWriter Error => error;

    /// <summary>Runs a command; it chooses its exit code itself.</summary>
    public int Run(Func<ProgramConsole, CancellationToken, int> work)
    {
        using Interruption interruption = new();
        return work(console, interruption.Token);
    }

    /// <summary>One line of the output; any thread.</summary>
    public void Say(string line) => console.Line(line);

    /// <summary>One line on standard error; any thread.</summary>
    public void Complain(string line)
    {
        lock (error)
            error.WriteLine(line);
    }
}
