using MagAlloc.Slabs;

namespace MagAlloc;

/// <summary>Misuses of a heap or a pool.</summary>
/// <param name="name">Name of the owner, for reports.</param>
/// <param name="owner">Number of the owner, for events.</param>
internal sealed class HeapMisuseLog(string name, long owner) : MisuseLog<MisuseReport>(owner), IMisuseSink
{
    public void Report(MisuseKind kind, nuint address) => Report(new MisuseReport(kind, address, name));

    /// <summary>Reports and makes the exception for the offender's stack.</summary>
    public HeapMisuseException Refuse(MisuseKind kind, nuint address) => Refuse(new MisuseReport(kind, address, name));

    public HeapMisuseException Refuse(MisuseReport report)
    {
        Report(report);
        return new HeapMisuseException(report);
    }

    protected override (Enum Kind, long Address) Summary(MisuseReport report) => (report.Kind, (long)report.Address);
}
