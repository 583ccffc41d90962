using System.Buffers;
using MagAlloc.Concurrency;

namespace MagAlloc;

/// <summary>Owns one block of a heap and shows it as <see cref="Memory{T}"/>.</summary>
/// <remarks>
/// <see cref="Memory{T}"/> is a safe type, so what is taken of it after the heap's end is refused. A span that was taken before is out of
/// reach. What is pinned stays mapped until it is unpinned: native code that is at work on it reads zeroes, and does not fault.
/// </remarks>
internal sealed unsafe class NativeMemoryOwner(NativeHeap heap, int length) : MemoryManager<byte>
{
    private readonly NativeHeap _heap = heap;
    private readonly int _length = length;
    private nuint _block = (nuint)heap.Allocate((nuint)length);
    private int _pins;

    public override Span<byte> GetSpan() => new((void*)Block(), _length);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)_length, nameof(elementIndex));
        byte* start = (byte*)Block() + elementIndex;
        _heap.Core.Engine.KeepMapped();
        Atomic.Add(ref _pins, 1);
        return new MemoryHandle(start, pinnable: this);
    }

    public override void Unpin()
    {
        int pins = Atomic.Load(ref _pins);
        while (pins > 0)
        {
            int now = Atomic.CompareExchange(ref _pins, pins - 1, pins);
            if (now == pins)
            {
                _heap.Core.Engine.ReleaseMapped();
                return;
            }

            pins = now;
        }
    }

    protected override void Dispose(bool disposing)
    {
        nuint block = Atomic.Exchange(ref _block, (nuint)0);
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
        ObjectDisposedException.ThrowIf(_heap.Core.Engine.IsClosed, _heap);
        return block;
    }
}
