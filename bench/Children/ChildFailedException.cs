namespace MagAlloc.Bench.Children;

/// <summary>A child process died, hung or reported a failure; the message says which, in one line.</summary>
internal sealed class ChildFailedException(string message) : Exception(message);
