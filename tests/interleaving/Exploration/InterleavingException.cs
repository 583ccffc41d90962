namespace MagAlloc.Interleaving.Exploration;

/// <summary>A claim of a scenario does not hold under some schedule.</summary>
internal sealed class InterleavingException(string message) : Exception(message);
