namespace MagAlloc.Diagnostics;

/// <summary>A counter only rises while its owners live; a level rises and falls; a gauge is as it is.</summary>
internal enum InstrumentKind
{
    Counter,
    Level,
    Gauge,
}
