using System.Diagnostics;
using System.Globalization;
using MagAlloc.Bench.Contenders;
using MagAlloc.Bench.Measurement;
using MagAlloc.Bench.Workloads;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Bench.Children;

/// <summary><c>cold-start</c>: each round is a further process, which takes the time itself.</summary>
internal sealed class ColdStartRun(ChildAssignment assignment) : IChildRun
{
    // What a child is started with, and a program is not.
    private static readonly string[] s_childsOwn =
    [
        "DOTNET_gcServer", "DOTNET_gcConcurrent", "DOTNET_EnableDiagnostics", "DOTNET_EnableWriteXorExecute", CompiledMethods.DelayVariable,
    ];

    private IReadOnlyList<string>? _way;

    public bool TakesPart => _way is not null;

    public string Begin()
    {
        ContenderEntry entry = assignment.FindContender();
        using Contender contender = entry.Create();
        if (contender.Absence is { } absence)
        {
            return $"{Protocol.Absent} {absence}";
        }

        if (entry.ColdStart is not { } way)
        {
            return $"{Protocol.Unfit} has no start of its own";
        }

        _way = way;

        // The first process reads the files from the disk.
        Round();
        using ColdStartWorkload workload = new();
        return $"{Protocol.Ready} {workload.Operation}";
    }

    public double Round()
    {
        ProcessStartInfo start = OwnProgram.Start(typeof(ColdStartRun).Assembly, _way!.Prepend(ColdStart.Subcommand));
        start.RedirectStandardOutput = true;
        foreach (string variable in s_childsOwn)
        {
            start.Environment.Remove(variable);
        }

        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == ExitCode.Pass
            ? double.Parse(output, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"a process that starts cold ended with exit code {process.ExitCode}");
    }

    // One allocation is all there is.
    public void RehearseTiming()
    {
    }

    public void TimeAllocations()
    {
    }

    public ChildFigures Finish() => new(true, null, null, null, null);

    public void Dispose()
    {
    }
}
