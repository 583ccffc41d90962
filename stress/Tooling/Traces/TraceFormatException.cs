using MagAlloc.Tooling.Commands;

namespace MagAlloc.Tooling.Traces;

/// <summary>A trace that cannot be replayed; the message is one line that names the file, the record and what is wrong with it.</summary>
internal sealed class TraceFormatException(string message) : UsageException(message);
