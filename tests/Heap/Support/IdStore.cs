namespace MagAlloc.Tests.Heap.Support;

/// <summary>A store of the ids 0..N-1 that knows which are out, and a source over it.</summary>
internal sealed class IdStore
{
    private readonly Lock _lock = new();
    private readonly Stack<ulong> _free = new();
    private readonly bool[] _out;
    private int _acquires;

    public IdStore(int count)
    {
        _out = new bool[count];
        for (int i = count - 1; i >= 0; i--)
        {
            _free.Push((ulong)i);
        }
    }

    /// <summary>The most ids one call gives; a source may always give fewer than asked for.</summary>
    public int MostPerCall { get; set; } = int.MaxValue;

    /// <summary>Every n-th call of Acquire throws; 0: none does.</summary>
    public int ThrowEvery { get; set; }

    public int Releases { get; private set; }

    /// <summary>Ids that came back though they were not out, or that never existed.</summary>
    public int WrongReturns { get; private set; }

    public int Available
    {
        get
        {
            lock (_lock)
            {
                return _free.Count;
            }
        }
    }

    public int Acquire(Span<ulong> ids)
    {
        lock (_lock)
        {
            if (ThrowEvery > 0 && ++_acquires % ThrowEvery == 0)
            {
                throw new FormatException("the source refuses");
            }

            int count = Math.Min(Math.Min(ids.Length, MostPerCall), _free.Count);
            for (int i = 0; i < count; i++)
            {
                ids[i] = _free.Pop();
                _out[ids[i]] = true;
            }

            return count;
        }
    }

    public void Release(ReadOnlySpan<ulong> ids)
    {
        lock (_lock)
        {
            Releases++;
            foreach (ulong id in ids)
            {
                if (id >= (ulong)_out.Length || !_out[id])
                {
                    WrongReturns++;
                    continue;
                }

                _out[id] = false;
                _free.Push(id);
            }
        }
    }

    internal readonly struct Source(IdStore store) : IResourceSource
    {
        public int Acquire(Span<ulong> resources) => store.Acquire(resources);

        public void Release(ReadOnlySpan<ulong> resources) => store.Release(resources);
    }
}
