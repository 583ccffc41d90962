namespace MagAlloc.Iova;

/// <summary>A range was misused. The domain has changed nothing and stays usable.</summary>
public sealed class IovaMisuseException : InvalidOperationException
{
    internal IovaMisuseException(IovaMisuseReport report)
        : base(report.Message)
    {
        Report = report;
    }

    /// <summary>What was found.</summary>
    public IovaMisuseReport Report { get; }

    /// <summary>What was done wrong.</summary>
    public IovaMisuseKind Kind => Report.Kind;
}
