namespace MagAlloc.Bench.Gate.Code;

/// <summary>The machine code of one method, as the JIT lists it.</summary>
/// <param name="Name">Type, method and arguments in the JIT's spelling, for instance "MagAlloc.NativeHeap:Free(ptr):this".</param>
/// <param name="Optimized">True when it is what runs once the method is hot.</param>
/// <param name="Instructions">How many; a lock prefix belongs to its instruction, padding is none.</param>
/// <param name="CodeBytes">As the JIT counts them.</param>
/// <param name="Locked">The instructions that lock the bus or fence.</param>
/// <param name="Text">The whole listing.</param>
internal sealed record JitMethod(string Name, bool Optimized, int Instructions, int CodeBytes, IReadOnlyList<string> Locked, string Text);
