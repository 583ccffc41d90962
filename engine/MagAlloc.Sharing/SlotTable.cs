namespace MagAlloc.Sharing;

/// <summary>Places on the control page, each with the number of its present life. A buffer keeps its slot until it is reclaimed, its index only while it is live.</summary>
internal sealed class SlotTable
{
    private readonly uint[] _generations;
    private readonly Stack<int> _free;

    public SlotTable(int slots)
    {
        _generations = new uint[slots];
        _free = new Stack<int>(slots);
        for (int slot = slots - 1; slot >= 0; slot--)
        {
            _free.Push(slot);
        }
    }

    public int Count => _generations.Length;

    /// <summary>There is one: quotas bound buffers by the number of slots.</summary>
    public int Take(out uint generation)
    {
        int slot = _free.Pop();

        // Never 0: a word of zeros is no life.
        generation = _generations[slot] = _generations[slot] == uint.MaxValue ? 1 : _generations[slot] + 1;
        return slot;
    }

    public void Free(int slot) => _free.Push(slot);
}
