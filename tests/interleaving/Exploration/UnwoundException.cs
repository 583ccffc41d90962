namespace MagAlloc.Interleaving.Exploration;

/// <summary>Takes a virtual thread out of a schedule that has failed.</summary>
internal sealed class UnwoundException : Exception;
