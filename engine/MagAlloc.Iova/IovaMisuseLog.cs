using System.Diagnostics.Tracing;
using MagAlloc.Concurrency;
using MagAlloc.Events;

namespace MagAlloc.Iova;

/// <summary>Counts misuses of a domain and tells its subscribers. Any thread.</summary>
internal sealed class IovaMisuseLog
{
    private readonly string _name;
    private readonly long _owner;
    private long _count;

    /// <param name="name">Name of the domain, for reports.</param>
    /// <param name="owner">Number of the domain, for events; 0: none.</param>
    public IovaMisuseLog(string name, long owner = 0)
    {
        _name = name;
        _owner = owner;
    }

    public event Action<IovaMisuseReport>? Detected;

    public long Count => Atomic.Load(ref _count);

    public IovaMisuseReport Report(IovaMisuseKind kind, ulong pfn, ulong size)
    {
        var report = new IovaMisuseReport(kind, pfn, size, _name);
        Atomic.Increment(ref _count);
        MagAllocEventSource log = MagAllocEventSource.Log;
        if (log.IsEnabled(EventLevel.Error, MagAllocEventSource.Keywords.Misuse))
        {
            // For a domain the address is the pfn.
            log.MisuseFound(_owner, kind.ToString(), (long)pfn);
        }

        MisuseListeners.Tell(Detected, report);
        return report;
    }
}
