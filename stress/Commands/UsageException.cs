namespace MagAlloc.Stress.Commands;

/// <summary>Bad input: the message is one line that names the option and what it accepts; the exit code is 2.</summary>
internal sealed class UsageException(string message) : Exception(message);
