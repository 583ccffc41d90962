namespace MagAlloc.Diagnostics;

/// <summary>How the values of an instrument go together.</summary>
internal enum InstrumentKind
{
    /// <summary>Only rises while its owners live.</summary>
    Counter,

    /// <summary>Rises and falls; a sum over owners means something.</summary>
    Level,

    /// <summary>As it is.</summary>
    Gauge,
}
