using System.Buffers;
using MagAlloc.Concurrency;

namespace MagAlloc;

/// <summary>A <see cref="MemoryPool{T}"/> of unmanaged memory, for APIs that want one.</summary>
/// <remarks>
/// Renting allocates one small managed object, the owner; the memory is a block of the heap. An owner that is never disposed
/// leaks its block: there is no finalizer, because a finalizer could not know whether native code still uses the memory.
/// When the heap is disposed, its buffers go with it: their spans and pins are refused with <see cref="ObjectDisposedException"/>, and to dispose an owner does nothing.
/// A span that was taken before must not be used then, as no pointer into the heap must; what is pinned stays mapped, and reads as zeroes, until it is unpinned.
/// All members may be called from any thread; disposing an owner twice, even at once on two threads, frees its block once.
/// </remarks>
public sealed class NativeMemoryPool : MemoryPool<byte>
{
    private const int DefaultBufferBytes = 4096;

    // Null: the shared one, made when somebody rents.
    private readonly NativeHeap? _heap;
    private int _disposed;

    /// <summary>Makes a pool over a heap; the heap remains the caller's to dispose.</summary>
    /// <param name="heap">The heap.</param>
    public NativeMemoryPool(NativeHeap heap)
    {
        ArgumentNullException.ThrowIfNull(heap);
        _heap = heap;
    }

    /// <summary>Makes the shared pool.</summary>
    internal NativeMemoryPool()
    {
    }

    /// <summary>A pool over <see cref="NativeHeap.Shared"/>.</summary>
    public static new NativeMemoryPool Shared => SharedMemoryPool.Instance;

    /// <summary>Largest buffer, in bytes: what a span can be.</summary>
    public override int MaxBufferSize => int.MaxValue;

    /// <summary>Rents a buffer.</summary>
    /// <param name="minBufferSize">Least size in bytes; -1: 4,096.</param>
    /// <returns>An owner of at least that many bytes, contents undefined. Dispose it to return the memory.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is less than -1.</exception>
    /// <exception cref="OutOfMemoryException">There is no memory.</exception>
    /// <exception cref="ObjectDisposedException">The pool or the heap is disposed.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ObjectDisposedException.ThrowIf(Atomic.Load(ref _disposed) != 0, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(minBufferSize, -1);
        return new NativeMemoryOwner(_heap ?? NativeHeap.Shared, minBufferSize == -1 ? DefaultBufferBytes : minBufferSize);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // The pool itself holds nothing: buffers belong to their owners, and the heap to whoever made it. The shared pool
        // is everybody's, so disposing it does nothing, as with MemoryPool<T>.Shared.
        if (_heap is { IsShared: false })
        {
            Atomic.Store(ref _disposed, 1);
        }
    }
}
