namespace MagAlloc.Sharing;

/// <summary>Buffers with consecutive indices.</summary>
/// <param name="First">The first one's index.</param>
/// <param name="Count">How many there are.</param>
public readonly record struct BufferRange(int First, int Count);
