using MagAlloc.Concurrency;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <summary>Counts misuses and tells the owner's subscribers. Any thread.</summary>
internal sealed class MisuseLog : IMisuseSink
{
    private readonly string _name;
    private long _count;

    public MisuseLog(string name)
    {
        _name = name;
    }

    public event Action<MisuseReport>? Detected;

    public long Count => Atomic.Load(ref _count);

    /// <summary>Set when the owner is being disposed: its zeroed metadata makes good blocks look bad.</summary>
    public bool Silent { get; set; }

    /// <inheritdoc/>
    public void Report(MisuseKind kind, nuint address) => Report(new MisuseReport(kind, address, _name));

    /// <summary>A subscriber's exception ends here: the caller may be in the middle of a batch, or the worker.</summary>
    public void Report(MisuseReport report)
    {
        if (Silent)
        {
            return;
        }

        Atomic.Increment(ref _count);
        foreach (Action<MisuseReport> subscriber in Detected?.GetInvocationList().Cast<Action<MisuseReport>>() ?? [])
        {
            try
            {
                subscriber(report);
            }
#pragma warning disable CA1031 // A listener must not break the heap.
            catch (Exception)
#pragma warning restore CA1031
            {
                // Nowhere to pass it to; the misuse itself is counted.
            }
        }
    }

    /// <summary>Reports and makes the exception for the offender's stack.</summary>
    public HeapMisuseException Refuse(MisuseKind kind, nuint address) => Refuse(new MisuseReport(kind, address, _name));

    public HeapMisuseException Refuse(MisuseReport report)
    {
        Report(report);
        return new HeapMisuseException(report);
    }
}
