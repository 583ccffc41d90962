namespace MagAlloc.Interleaving.Exploration;

/// <summary>Unwinds a virtual thread that was stopped for good, once everything has been checked.</summary>
internal sealed class StoppedForeverException : Exception;
