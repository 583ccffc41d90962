namespace MagAlloc.Tooling.Commands;

/// <summary>Converts a token of the command line; false when it is not accepted.</summary>
internal delegate bool TryParse<T>(string text, out T value);
