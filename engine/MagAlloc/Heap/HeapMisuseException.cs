using System.Diagnostics.CodeAnalysis;

namespace MagAlloc;

/// <summary>A block was misused. The heap has changed nothing, unless the kind says otherwise, and stays usable.</summary>
[SuppressMessage("Design", "CA1032", Justification = "Only the engine makes one, always with a report.")]
public sealed class HeapMisuseException : InvalidOperationException
{
    internal HeapMisuseException(MisuseReport report)
        : base(report.ToString())
    {
        Report = report;
    }

    /// <summary>What was found.</summary>
    public MisuseReport Report { get; }

    /// <summary>What was done wrong.</summary>
    public MisuseKind Kind => Report.Kind;

    /// <summary>The pointer concerned.</summary>
    public nuint Address => Report.Address;
}
