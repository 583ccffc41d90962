using MagAlloc.Concurrency;
using MagAlloc.Slabs;

namespace MagAlloc;

/// <summary>Counts misuses and tells the owner's subscribers. Any thread.</summary>
internal sealed class MisuseLog : IMisuseSink
{
    [ThreadStatic]
    private static int t_depth;

    private readonly string _name;
    private long _count;

    public MisuseLog(string name)
    {
        _name = name;
    }

    public event Action<MisuseReport>? Detected;

    /// <summary>Whether this thread is inside a subscriber, and so in the middle of some heap's operation.</summary>
    public static bool IsReporting => t_depth != 0;

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
            t_depth++;
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
            finally
            {
                t_depth--;
            }
        }
    }

    /// <summary>Refuses to dispose an owner from inside a subscriber, which would unmap what its caller is working on.</summary>
    public static void RequireNotReporting()
    {
        if (IsReporting)
        {
            throw new InvalidOperationException("A handler of MisuseDetected must not dispose a heap or pool: dispose it after the operation.");
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
