using MagAlloc.Bench.Measurement;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Reporting;

/// <summary>The columns of a workload that idles, in place of latencies; those that say nothing of it are left out.</summary>
internal sealed class IdleColumns
{
    private readonly bool _returned;
    private readonly bool _perThread;
    private readonly double _seconds;

    /// <param name="figures">Of all contenders.</param>
    private IdleColumns(IReadOnlyList<IdleFigures> figures)
    {
        _returned = figures.Any(f => f.ReturnedPercent is not null);
        _perThread = figures.Any(f => f.BytesPerThread is not null);
        _seconds = figures.Max(f => f.IdleSeconds);
    }

    public IReadOnlyList<string> Headers =>
        ["first ns", "left", .. _returned ? ["back in 1 s"] : Array.Empty<string>(), .. _perThread ? ["KiB/thread"] : Array.Empty<string>()];

    /// <summary>What the headers mean.</summary>
    public string Legend =>
        $"first: a burst after idle time; left: memory still there after {Text.Number(_seconds, "0.0")} s without a call"
        + (_returned ? "; back: given back after one of them" : "")
        + (_perThread ? "; KiB/thread: what is left, by idle threads" : "");

    /// <summary>Null when the workload does not idle.</summary>
    public static IdleColumns? Of(IEnumerable<ComparisonLine> lines)
    {
        IdleFigures[] figures = [.. lines.Select(line => line.Idle).OfType<IdleFigures>()];
        return figures.Length == 0 ? null : new IdleColumns(figures);
    }

    public IReadOnlyList<string> Cells(IdleFigures? idle) =>
    [
        Figure.Nanoseconds(idle?.FirstNs),
        Figure.Share(idle?.RemainingShare),
        .. _returned ? [Figure.Share(idle?.ReturnedPercent / 100)] : Array.Empty<string>(),
        .. _perThread ? [Figure.Kibibytes(idle?.BytesPerThread)] : Array.Empty<string>(),
    ];
}
