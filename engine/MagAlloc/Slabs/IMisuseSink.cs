namespace MagAlloc.Slabs;

/// <summary>Told of misuse that shows when blocks come back to their slabs, far from the offender's stack.</summary>
internal interface IMisuseSink
{
    /// <summary>Must not throw: the caller is in the middle of a batch, or on the worker's thread.</summary>
    void Report(MisuseKind kind, nuint address);
}
