using System.Diagnostics;

namespace MagAlloc.Bench.Reporting;

/// <summary>
/// Tells on the error stream where a long run stands: one line that is overwritten on a terminal, else a line every few seconds.
/// It is written by who measures, between two measurements; a thread of its own would take its share of the processors.
/// </summary>
internal sealed class Progress(TextWriter error, bool interactive)
{
    private const string EraseLine = "\r\e[K";
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

    private string _subject = string.Empty;
    private long _shownAt;
    private bool _onScreen;

    /// <summary>For the process's own error stream.</summary>
    public static Progress ForProcess() => new(
        Console.Error,
        !Console.IsErrorRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")));

    /// <summary>Another subject begins; what runs for less than two seconds is not mentioned.</summary>
    public void Begin(string subject)
    {
        _subject = subject;
        _shownAt = Stopwatch.GetTimestamp();
    }

    public void Show(string text)
    {
        if (interactive)
        {
            error.Write($"{EraseLine}{_subject}: {text}");
            _onScreen = true;
        }
        else if (Stopwatch.GetElapsedTime(_shownAt) >= s_interval)
        {
            _shownAt = Stopwatch.GetTimestamp();
            error.WriteLine($"{_subject}: {text}");
        }
    }

    /// <summary>Leaves a terminal's line empty for what is printed next.</summary>
    public void End()
    {
        if (!_onScreen)
            return;
        error.Write(EraseLine);
        _onScreen = false;
    }
}
