namespace MagAlloc.Tests.Iova.Model;

/// <summary>The domain did what the model says it must not.</summary>
internal sealed class IovaModelViolationException(string message) : Exception(message);
