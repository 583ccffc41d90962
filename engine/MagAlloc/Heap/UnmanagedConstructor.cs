namespace MagAlloc;

/// <summary>Brings a block of an <see cref="UnmanagedPool{T}"/> into its constructed state, as a slab's <c>ctor</c> does.</summary>
/// <typeparam name="T">Type of the pool's items.</typeparam>
/// <param name="item">The block; its contents are undefined.</param>
public delegate void UnmanagedConstructor<T>(ref T item)
    where T : unmanaged;
