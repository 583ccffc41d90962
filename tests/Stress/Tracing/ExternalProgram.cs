using System.Diagnostics;
using System.Text;
using MagAlloc.Stress.Commands;
using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tests.Stress.Tracing;

/// <summary>A program in a process of its own, with what it prints. It does not outlive this object.</summary>
internal sealed class ExternalProgram : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private ExternalProgram(ProcessStartInfo start)
    {
        // Importers end with their input, as they should when their owner dies.
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool IsRunning => !_process.HasExited;

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>The stress program, with its output in plain lines.</summary>
    public static ExternalProgram Stress(params string[] args) =>
        new(new ProcessStartInfo(Path.ChangeExtension(typeof(StressCommandLine).Assembly.Location, null), args));

    public static ExternalProgram Start(string file, params string[] args) => new(new ProcessStartInfo(file, args));

    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        kill.WaitForExit();
        Assert.That(kill.ExitCode, Is.Zero, $"kill -{name} {Id}");
    }

    public void AwaitOutput(Func<string, bool> awaited)
    {
        long start = Stopwatch.GetTimestamp();
        while (!awaited(Output))
        {
            Assert.That(Stopwatch.GetElapsedTime(start), Is.LessThan(s_patience), $"waiting for output; until now: {Output}");
            Thread.Sleep(20);
        }
    }

    public int AwaitEnd()
    {
        Assert.That(_process.WaitForExit(s_patience), Is.True, $"the process does not end; it said: {Output}");
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit(s_patience);
        }

        RuntimeFiles.Remove(Id);
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_output)
            _output.AppendLine(line);
    }
}
