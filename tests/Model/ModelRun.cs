using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Model;

/// <summary>Random operations on a heap and on the reference heap at once. The seed decides everything.</summary>
internal sealed unsafe class ModelRun(NativeHeap heap, int seed)
{
    private readonly Random _random = new(seed);
    private readonly ReferenceHeap _reference = new();
    private readonly nint[] _many = new nint[200];
    private int _target = 400;

    /// <summary>Steps done, for the message of a failure.</summary>
    public int Step { get; private set; }

    /// <summary>The last operation, for the message of a failure.</summary>
    public string Operation { get; private set; } = "none";

    public int Refusals { get; private set; }

    public void Run(int steps)
    {
        for (Step = 1; Step <= steps; Step++)
        {
            if (Step % 1000 == 0)
            {
                _target = _random.Next(0, 800); // phases of growth and of shrinking
                _reference.VerifyAll();
            }

            try
            {
                One();
            }
            catch (OutOfMemoryException)
            {
                Refusals++;
                _target = _reference.Count / 2;
            }

            if (Step % 500 == 0)
            {
                VerifyStatistics();
            }
        }

        while (_reference.Count > 0)
        {
            Free();
        }

        VerifyStatistics();
        heap.Trim();
        VerifyStatistics();
    }

    private void One()
    {
        int dice = _random.Next(100);
        bool grow = _reference.Count < _target;
        if (dice == 0)
        {
            Maintain();
        }
        else if (dice < 15 && _reference.Count > 0)
        {
            Reallocate();
        }
        else if (dice < 18)
        {
            AllocateMany();
        }
        else if (dice < 20)
        {
            FreeMany();
        }
        else if (_reference.Count == 0 || dice < (grow ? 70 : 40))
        {
            Allocate();
        }
        else
        {
            Free();
        }
    }

    private void Allocate()
    {
        nuint size = Size();
        nuint alignment = 16;
        bool aligned = false;
        void* block;
        switch (_random.Next(8))
        {
            case 0:
                Operation = $"AllocateZeroed({size})";
                block = heap.AllocateZeroed(size);
                RequireZero(block, size);
                break;
            case 1:
                alignment = (nuint)1 << _random.Next(0, 17);
                aligned = true;
                Operation = $"AllocateAligned({size}, {alignment})";
                block = heap.AllocateAligned(size, alignment);
                break;
            case 2:
                Operation = $"TryAllocate({size})";
                if (!heap.TryAllocate(size, out block))
                {
                    throw new OutOfMemoryException();
                }

                break;
            case 3:
                size = size / 7 * 7;
                Operation = $"Allocate({size / 7}, 7)";
                block = heap.Allocate(size / 7, 7);
                break;
            case 4:
                size = size / 24 * 24;
                Operation = $"AllocateZeroed({size / 24}, 24)";
                block = heap.AllocateZeroed(size / 24, 24);
                RequireZero(block, size);
                break;
            case 5:
                Operation = $"handle.Allocate({size})";
                using (HeapThread handle = heap.OpenThread())
                {
                    block = handle.Allocate(size);
                }

                break;
            default:
                Operation = $"Allocate({size})";
                block = heap.Allocate(size);
                break;
        }

        ReferenceHeap.Require(heap.Owns(block), $"the heap does not own its block 0x{(nuint)block:x}");
        _reference.Add(block, size, heap.UsableSize(block), alignment, aligned);
    }

    private void Reallocate()
    {
        (nint address, ReferenceHeap.Block block) = _reference.Pick(_random);
        nuint size = _random.Next(4) == 0 ? block.Size + (nuint)_random.Next(0, 40) : Size();
        nuint alignment = 16;
        bool aligned = _random.Next(5) == 0;
        void* moved;
        if (aligned)
        {
            alignment = (nuint)1 << _random.Next(0, 14);
            Operation = $"ReallocateAligned({block.Size} -> {size}, {alignment})";
            moved = heap.ReallocateAligned((void*)address, size, alignment);
        }
        else
        {
            Operation = $"Reallocate({block.Size} -> {size})";
            moved = heap.Reallocate((void*)address, size);
            alignment = block.Aligned ? 1 : 16u;
        }

        ReferenceHeap.VerifyMoved(moved, block, size);
        _reference.Remove(address);

        // What was aligned once may not be freed by size, for its class may be another.
        _reference.Add(moved, size, heap.UsableSize(moved), alignment, aligned || block.Aligned);
    }

    private void Free()
    {
        (nint address, ReferenceHeap.Block block) = _reference.Pick(_random);
        _reference.Remove(address);
        int way = _random.Next(4);
        Operation = $"Free({block.Size}), way {way}";
        if (way == 0 && !block.Aligned)
        {
            heap.FreeSized((void*)address, block.Size);
        }
        else if (way == 1)
        {
            using HeapThread handle = heap.OpenThread();
            handle.Free((void*)address);
        }
        else
        {
            heap.Free((void*)address);
        }
    }

    private void AllocateMany()
    {
        nuint size = Math.Min(Size(), 4000);
        int count = _random.Next(0, 40);
        Operation = $"AllocateMany({size}, {count})";
        int got = heap.AllocateMany(size, _many.AsSpan(0, count));
        ReferenceHeap.Require(got >= 0 && got <= count, $"{got} of {count}");
        for (int i = 0; i < got; i++)
        {
            _reference.Add((void*)_many[i], size, heap.UsableSize((void*)_many[i]), 16, aligned: false);
        }

        if (got < count)
        {
            throw new OutOfMemoryException();
        }
    }

    private void FreeMany()
    {
        int count = Math.Min(_random.Next(0, 40), _reference.Count);
        Operation = $"FreeMany({count})";
        for (int i = 0; i < count; i++)
        {
            (nint address, _) = _reference.Pick(_random);
            _reference.Remove(address);
            _many[i] = _random.Next(20) == 0 ? 0 : address;
            if (_many[i] == 0)
            {
                heap.Free((void*)address);
            }
        }

        heap.FreeMany(_many.AsSpan(0, count));
    }

    private void Maintain()
    {
        switch (_random.Next(5))
        {
            case 0:
                Operation = "Trim";
                ReferenceHeap.Require(heap.Trim() >= 0, "Trim returned a negative number");
                break;
            case 1:
                Operation = "a thread that allocates and dies";
                Crew.RunOne(() =>
                {
                    nint[] blocks = new nint[50];
                    int got = heap.AllocateMany(96, blocks);
                    heap.FreeMany(blocks.AsSpan(0, got));
                });
                break;
            default:
                Operation = "Tick";
                heap.Tick();
                break;
        }
    }

    private void VerifyStatistics()
    {
        HeapStatistics s = Books.Settled(heap, _reference.Count);
        Books.Balance(s, $"seed {seed}, step {Step}");
        ReferenceHeap.Require(s.LiveBlocks() == _reference.Count, $"{s.LiveBlocks()} blocks on the heap's books, {_reference.Count} live");
        long live = _reference.LiveBytes;
        ReferenceHeap.Require(s.AllocatedBytes >= live, $"{s.AllocatedBytes} bytes on the heap's books, {live} live");
        ReferenceHeap.Require(s.CommittedBytes >= s.AllocatedBytes, $"{s.CommittedBytes} committed < {s.AllocatedBytes} allocated");
        ReferenceHeap.Require(s.Misuses == 0, $"{s.Misuses} misuses");
    }

    private static void RequireZero(void* block, nuint size)
    {
        long at = BlockPattern.FirstOtherThan(0, block, size);
        ReferenceHeap.Require(at == -1, $"zeroed block of {size} bytes is dirty at {at}");
    }

    private nuint Size() => _random.Next(40) switch
    {
        0 => 0,
        1 => (nuint)_random.Next(32_000, 34_000),
        2 => (nuint)_random.Next(60_000, 140_000),
        3 => (nuint)1 << _random.Next(0, 17),
        4 => ((nuint)1 << _random.Next(0, 17)) + 1,
        < 10 => (nuint)_random.Next(1000, 9000),
        _ => (nuint)_random.Next(1, 600),
    };
}
