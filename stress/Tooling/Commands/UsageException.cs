namespace MagAlloc.Tooling.Commands;

/// <summary>Bad input: the message is one line that names the option and what it accepts; the exit code is 2.</summary>
internal class UsageException(string message) : Exception(message);
