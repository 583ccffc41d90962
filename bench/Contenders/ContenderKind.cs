namespace MagAlloc.Bench.Contenders;

/// <summary>What a contender stands for in the comparison.</summary>
internal enum ContenderKind
{
    /// <summary>MagAlloc, in one of its forms.</summary>
    Engine,

    /// <summary>A native library in its best case, <c>SuppressGCTransition</c>: what MagAlloc has to beat.</summary>
    NativePeer,

    /// <summary>A native library by an ordinary P/Invoke: how bindings ship.</summary>
    NativePInvoke,

    /// <summary>An allocator in managed code that somebody else has built: a reference, not part of the best native peer.</summary>
    ManagedPeer,

    /// <summary>What the runtime offers for unmanaged memory.</summary>
    Runtime,

    /// <summary>A pool of managed memory.</summary>
    Pool,
}
