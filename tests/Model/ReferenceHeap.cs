using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Model;

/// <summary>What a heap must do, in the simplest form: a sorted list of live blocks, their sizes and their contents.</summary>
internal sealed unsafe class ReferenceHeap
{
    private readonly SortedDictionary<nint, Block> _blocks = [];
    private readonly List<nint> _addresses = [];
    private readonly List<nint> _sorted = [];
    private int _sequence;

    public int Count => _addresses.Count;

    public long LiveBytes => _blocks.Values.Sum(block => (long)block.Size);

    /// <summary>A block has been handed out: it must be disjoint from every live one, aligned, and large enough.</summary>
    public void Add(void* address, nuint size, nuint usable, nuint alignment, bool aligned)
    {
        nint start = (nint)address;
        nint end = start + (nint)Math.Max(usable, 1);
        Require(address != null, "null was handed out");
        Require((nuint)start % alignment == 0, $"0x{start:x} is not aligned to {alignment}");
        Require(usable >= size, $"usable {usable} < size {size}");
        int at = _sorted.BinarySearch(start);
        Require(at < 0, $"0x{start:x} was handed out twice");
        at = ~at;
        if (at > 0)
        {
            Block before = _blocks[_sorted[at - 1]];
            nint endBefore = _sorted[at - 1] + (nint)Math.Max(before.Usable, 1);
            Require(endBefore <= start, $"0x{start:x} lies in 0x{_sorted[at - 1]:x} + {before.Usable}");
        }

        if (at < _sorted.Count)
        {
            Require(end <= _sorted[at], $"0x{start:x} + {usable} runs into 0x{_sorted[at]:x}");
        }

        _sorted.Insert(at, start);
        _blocks.Add(start, new Block(size, usable, _sequence, _addresses.Count, aligned));
        _addresses.Add(start);
        BlockPattern.Fill(address, size, 1, _sequence++);
    }

    /// <summary>One of the live blocks, its contents verified.</summary>
    public (nint Address, Block Block) Pick(Random random)
    {
        nint address = _addresses[random.Next(_addresses.Count)];
        Block block = _blocks[address];
        Verify(address, block);
        return (address, block);
    }

    /// <summary>Takes a block off the books; the next call of the heap frees or moves it.</summary>
    public void Remove(nint address)
    {
        Block block = _blocks[address];
        _blocks.Remove(address);
        _sorted.RemoveAt(_sorted.BinarySearch(address));
        nint last = _addresses[^1];
        _addresses[block.Index] = last;
        _addresses.RemoveAt(_addresses.Count - 1);
        if (last != address)
        {
            _blocks[last] = _blocks[last] with { Index = block.Index };
        }
    }

    /// <summary>The first bytes of a moved block are those of the old one.</summary>
    public static void VerifyMoved(void* moved, Block old, nuint newSize)
    {
        nuint kept = newSize >= old.Size ? old.Size : newSize / 8 * 8;
        long at = BlockPattern.FirstMismatch(moved, kept, 1, old.Sequence);
        Require(at == -1, $"a block moved from {old.Size} to {newSize} bytes differs at {at}");
    }

    public void VerifyAll()
    {
        foreach ((nint address, Block block) in _blocks)
        {
            Verify(address, block);
        }
    }

    public static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ModelViolationException(otherwise);
        }
    }

    private static void Verify(nint address, Block block)
    {
        long at = BlockPattern.FirstMismatch((void*)address, block.Size, 1, block.Sequence);
        Require(at == -1, $"0x{address:x} of {block.Size} bytes differs at {at}");
    }

    internal sealed record Block(nuint Size, nuint Usable, int Sequence, int Index, bool Aligned);
}
