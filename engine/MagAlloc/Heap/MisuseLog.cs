using System.Diagnostics.Tracing;
using MagAlloc.Concurrency;
using MagAlloc.Events;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <summary>Counts misuses and tells the owner's subscribers. Any thread.</summary>
internal sealed class MisuseLog : IMisuseSink
{
    private readonly string _name;
    private readonly long _owner;
    private long _count;

    /// <param name="name">Name of the owner, for reports.</param>
    /// <param name="owner">Number of the owner, for events.</param>
    public MisuseLog(string name, long owner)
    {
        _name = name;
        _owner = owner;
    }

    public event Action<MisuseReport>? Detected;

    public long Count => Atomic.Load(ref _count);

    /// <summary>Set when the owner is being disposed: its zeroed metadata makes good blocks look bad.</summary>
    public bool Silent { get; set; }

    /// <inheritdoc/>
    public void Report(MisuseKind kind, nuint address) => Report(new MisuseReport(kind, address, _name));

    public void Report(MisuseReport report)
    {
        if (Silent)
        {
            return;
        }

        Atomic.Increment(ref _count);
        MagAllocEventSource log = MagAllocEventSource.Log;
        if (log.IsEnabled(EventLevel.Error, MagAllocEventSource.Keywords.Misuse))
        {
            log.MisuseFound(_owner, report.Kind.ToString(), (long)report.Address);
        }

        MisuseListeners.Tell(Detected, report);
    }

    /// <summary>Reports and makes the exception for the offender's stack.</summary>
    public HeapMisuseException Refuse(MisuseKind kind, nuint address) => Refuse(new MisuseReport(kind, address, _name));

    public HeapMisuseException Refuse(MisuseReport report)
    {
        Report(report);
        return new HeapMisuseException(report);
    }
}
