using System.Runtime.Versioning;

namespace MagAlloc.Sharing;

/// <summary>Live buffers by index. Indices are given out as videobuf2 does: consecutive ones, in the first hole that is long enough.</summary>
[SupportedOSPlatform("linux")]
internal sealed class IndexTable(int capacity)
{
    private readonly SharedBuffer?[] _buffers = new SharedBuffer?[capacity];
    private readonly bool[] _taken = new bool[capacity];

    public int Capacity => capacity;

    /// <summary>The buffer with an index, or null: there is none, or not yet.</summary>
    public SharedBuffer? this[int index] => (uint)index < (uint)capacity ? _buffers[index] : null;

    /// <summary>All buffers, in the order of their indices.</summary>
    public IEnumerable<SharedBuffer> All
    {
        get
        {
            foreach (SharedBuffer? buffer in _buffers)
            {
                if (buffer is not null)
                {
                    yield return buffer;
                }
            }
        }
    }

    /// <summary>Takes consecutive indices; where no hole is long enough fewer, and at least one if there is any.</summary>
    /// <param name="wanted">How many.</param>
    public BufferRange Take(int wanted)
    {
        for (int count = wanted; count > 0; count--)
        {
            int first = FindHole(count);
            if (first >= 0)
            {
                Array.Fill(_taken, true, first, count);
                return new BufferRange(first, count);
            }
        }

        return default;
    }

    /// <summary>Puts a buffer under an index that was taken for it.</summary>
    public void Put(SharedBuffer buffer, int index)
    {
        buffer.Index = index;
        _buffers[index] = buffer;
    }

    /// <summary>Gives an index back, whether a buffer is there or was to be.</summary>
    public void Free(int index)
    {
        _buffers[index] = null;
        _taken[index] = false;
    }

    /// <summary>Whether all of a range are buffers.</summary>
    public bool AreAll(int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            if (_buffers[i] is null)
            {
                return false;
            }
        }

        return true;
    }

    private int FindHole(int count)
    {
        int run = 0;
        for (int i = 0; i < capacity; i++)
        {
            run = _taken[i] ? 0 : run + 1;
            if (run == count)
            {
                return i - count + 1;
            }
        }

        return -1;
    }
}
