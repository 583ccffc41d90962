using MagAlloc.Concurrency;

namespace MagAlloc.Iova;

/// <summary>Counts misuses of a domain and tells its subscribers. Any thread.</summary>
internal sealed class IovaMisuseLog
{
    [ThreadStatic]
    private static int t_depth;

    private readonly string _name;
    private long _count;

    public IovaMisuseLog(string name)
    {
        _name = name;
    }

    public event Action<IovaMisuseReport>? Detected;

    /// <summary>Whether this thread is inside a subscriber, and so in the middle of some domain's operation.</summary>
    public static bool IsReporting => t_depth != 0;

    public long Count => Atomic.Load(ref _count);

    /// <summary>A subscriber's exception ends here: the caller may be in the middle of a batch, or the worker.</summary>
    public IovaMisuseReport Report(IovaMisuseKind kind, ulong pfn, ulong size)
    {
        var report = new IovaMisuseReport(kind, pfn, size, _name);
        Atomic.Increment(ref _count);
        foreach (Action<IovaMisuseReport> subscriber in Detected?.GetInvocationList().Cast<Action<IovaMisuseReport>>() ?? [])
        {
            t_depth++;
            try
            {
                subscriber(report);
            }
#pragma warning disable CA1031 // A listener must not break the domain.
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

        return report;
    }
}
