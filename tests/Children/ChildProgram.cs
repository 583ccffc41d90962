using System.Diagnostics;
using System.Text;

namespace MagAlloc.Tests.Children;

/// <summary>This assembly as a program: parts of tests that need a process of their own, for limits that would starve all others, or for what happens once a process.</summary>
public static class ChildProgram
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    private static readonly Dictionary<string, Action> s_parts = RestrictedSpace.Parts.Concat(FirstOwner.Parts).ToDictionary();

    /// <summary>Plays one part.</summary>
    /// <param name="args">Its name; for a starter, the address too.</param>
    public static int Main(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        try
        {
            if (OperatingSystem.IsLinux() && args is [Starter.Part, string address])
            {
                return Starter.StartAgainAndAgain(address);
            }

            s_parts[args.Single()]();
            return 0;
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            return 1;
        }
    }

    /// <summary>Plays a part in a process of its own, and requires that it ends well.</summary>
    /// <param name="part">Its name.</param>
    /// <param name="addressKib">What <c>ulimit -v</c> is given; null: no limit.</param>
    /// <param name="environment">Further variables.</param>
    internal static void Play(string part, long? addressKib = null, params (string Name, string Value)[] environment)
    {
        string limit = addressKib is null ? string.Empty : $"ulimit -v {addressKib}; ";
        ProcessStartInfo start = new("/bin/sh", ["-c", $"{limit}exec \"$0\" \"$@\"", Environment.ProcessPath!, typeof(ChildProgram).Assembly.Location, part])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process child = Process.Start(start)!;
        StringBuilder said = new();
        DataReceivedEventHandler hear = (_, line) =>
        {
            lock (said)
            {
                said.AppendLine(line.Data);
            }
        };
        child.OutputDataReceived += hear;
        child.ErrorDataReceived += hear;
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        bool hasEnded = child.WaitForExit(s_limit);
        if (!hasEnded)
        {
            child.Kill(entireProcessTree: true);
        }

        child.WaitForExit();
        TestContext.Out.WriteLine(said);
        Assert.That(hasEnded, Is.True, $"{part} has no end");
        Assert.That(child.ExitCode, Is.Zero, said.ToString());
    }
}
