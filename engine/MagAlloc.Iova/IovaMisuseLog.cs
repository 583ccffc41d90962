namespace MagAlloc.Iova;

/// <summary>Misuses of a domain.</summary>
/// <param name="name">Name of the domain, for reports.</param>
/// <param name="owner">Number of the domain, for events; 0: none.</param>
internal sealed class IovaMisuseLog(string name, long owner = 0) : MisuseLog<IovaMisuseReport>(owner)
{
    public IovaMisuseReport Report(IovaMisuseKind kind, ulong pfn, ulong size)
    {
        var report = new IovaMisuseReport(kind, pfn, size, name);
        Report(report);
        return report;
    }

    /// <inheritdoc/>
    /// <remarks>For a domain the address is the pfn.</remarks>
    protected override (Enum Kind, long Address) Summary(IovaMisuseReport report) => (report.Kind, (long)report.Pfn);
}
