namespace MagAlloc.Bench.Contenders;

/// <summary>What can go wrong with a native allocator.</summary>
internal enum LoadFailureKind
{
    /// <summary>There is no such file, or none that the loader takes.</summary>
    NotLoadable,

    /// <summary>
    /// It keeps its thread's state in static thread-local storage, of which a process that has already started has hardly any
    /// left: <see cref="StaticTls"/> makes more of it.
    /// </summary>
    NoStaticTls,

    /// <summary>It lacks a function of the malloc family.</summary>
    NoExport,
}
