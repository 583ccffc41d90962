using System.Runtime.InteropServices;

namespace MagAlloc.Stress.Hammer;

/// <summary>
/// The blocks a lane owns, in native memory of the C library: the books of the oracle must not lie in the memory it
/// examines. Used by one thread at a time; a successor inherits it from the thread before.
/// </summary>
internal sealed unsafe class LiveSet(int capacity) : IDisposable
{
    private LiveBlock* _blocks = (LiveBlock*)NativeMemory.Alloc((nuint)capacity, (nuint)sizeof(LiveBlock));

    public int Count { get; private set; }

    public int Capacity => capacity;

    public bool IsFull => Count == capacity;

    public ref LiveBlock this[int index] => ref _blocks[index];

    public void Add(in LiveBlock block)
    {
        if (IsFull)
            throw new InvalidOperationException("The live set is full.");
        _blocks[Count++] = block;
    }

    /// <summary>Takes a block out; the last one fills its place.</summary>
    public LiveBlock Remove(int index)
    {
        LiveBlock block = _blocks[index];
        _blocks[index] = _blocks[--Count];
        return block;
    }

    public void Dispose()
    {
        NativeMemory.Free(_blocks);
        _blocks = null;
        Count = 0;
    }
}
