using MagAlloc.Concurrency;

namespace MagAlloc.Iova;

/// <summary>Counts misuses of a domain and tells its subscribers. Any thread.</summary>
internal sealed class IovaMisuseLog
{
    private readonly string _name;
    private long _count;

    public IovaMisuseLog(string name)
    {
        _name = name;
    }

    public event Action<IovaMisuseReport>? Detected;

    public long Count => Atomic.Load(ref _count);

    public IovaMisuseReport Report(IovaMisuseKind kind, ulong pfn, ulong size)
    {
        var report = new IovaMisuseReport(kind, pfn, size, _name);
        Atomic.Increment(ref _count);
        MisuseListeners.Tell(Detected, report);
        return report;
    }
}
