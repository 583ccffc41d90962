using Microsoft.Diagnostics.Tracing.Parsers.Clr;

namespace MagAlloc.Tool.Analysis.Reading;

/// <summary>Puts the pauses of the garbage collector together out of the runtime's events.</summary>
internal sealed class PauseBook
{
    private double? _begin;
    private bool _collects;
    private int _generation;

    public List<GcPause> Pauses { get; } = [];

    public void SuspensionBegins(GCSuspendEETraceData data)
    {
        _begin = data.TimeStampRelativeMSec;
        _generation = -1;

        // The sampling profiler and the debugger stop the threads as well: not the collector's doing.
        _collects = data.Reason is GCSuspendEEReason.SuspendForGC or GCSuspendEEReason.SuspendForGCPrep;
    }

    public void CollectionBegins(int generation) => _generation = Math.Max(_generation, generation);

    public void ThreadsRunAgain(double milliseconds)
    {
        if (_collects && _begin is { } begin)
            Pauses.Add(new GcPause(begin / 1000, milliseconds - begin, Math.Max(_generation, 0)));
        _begin = null;
    }
}
