using System.Diagnostics.Tracing;
using MagAlloc.Concurrency;
using MagAlloc.Events;

namespace MagAlloc;

/// <summary>Counts an owner's misuses, and tells events and subscribers of them. Any thread.</summary>
/// <param name="owner">Number of the owner, for events; 0: none.</param>
internal abstract class MisuseLog<TReport>(long owner)
{
    private long _count;

    public event Action<TReport>? Detected;

    public long Count => Atomic.Load(ref _count);

    /// <summary>Set when the owner is being disposed: its zeroed metadata makes good blocks look bad.</summary>
    public bool Silent { get; set; }

    public void Report(TReport report)
    {
        if (Silent)
        {
            return;
        }

        Atomic.Increment(ref _count);
        MagAllocEventSource log = MagAllocEventSource.Log;
        if (log.IsEnabled(EventLevel.Error, MagAllocEventSource.Keywords.Misuse))
        {
            (Enum kind, long address) = Summary(report);
            log.MisuseFound(owner, kind.ToString(), address);
        }

        MisuseListeners.Tell(Detected, report);
    }

    /// <summary>What the event says.</summary>
    protected abstract (Enum Kind, long Address) Summary(TReport report);
}
