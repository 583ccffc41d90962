using System.Buffers;
using MagAlloc.Concurrency;

namespace MagAlloc;

/// <summary>Owns one block of a heap and shows it as <see cref="Memory{T}"/>.</summary>
internal sealed unsafe class NativeMemoryOwner : MemoryManager<byte>
{
    private readonly NativeHeap _heap;
    private readonly int _length;
    private nuint _block;

    public NativeMemoryOwner(NativeHeap heap, int length)
    {
        _heap = heap;
        _length = length;
        _block = (nuint)heap.Allocate((nuint)length);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new((void*)Block(), _length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_length, nameof(elementIndex));
        return new MemoryHandle((byte*)Block() + elementIndex, pinnable: this);
    }

    /// <summary>Unmanaged memory does not move: nothing to undo.</summary>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        nuint block = Atomic.Exchange(ref _block, 0);
        if (block == 0)
        {
            return;
        }

        try
        {
            _heap.Free((void*)block);
        }
        catch (ObjectDisposedException)
        {
            // The heap took the block with it.
        }
    }

    private nuint Block()
    {
        nuint block = Atomic.Load(ref _block);
        ObjectDisposedException.ThrowIf(block == 0, typeof(IMemoryOwner<byte>));
        return block;
    }
}
