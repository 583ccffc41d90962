namespace MagAlloc.Tests.Model;

/// <summary>The heap did what the reference heap says it must not.</summary>
internal sealed class ModelViolationException(string message) : Exception(message);
