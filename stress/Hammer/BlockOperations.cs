using System.Diagnostics;
using MagAlloc.Stress.Verification;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Hammer;

/// <summary>
/// The operations of one lane on single blocks, each with its proof: a block is filled whole when it is got, verified whole
/// before it is freed, resized or handed over, and after it was received. Only the allocator's call is timed, one in 64.
/// Used by one thread at a time.
/// </summary>
internal sealed unsafe class BlockOperations(HammerContext context, ulong seed)
{
    private const int LatencySampling = 64;
    private const nuint NaturalAlignment = 16;

    private readonly NativeHeap _heap = context.Heap;
    private readonly long _maxSize = context.Options.MaxSize;
    private uint _owner;
    private ulong _sequence;
    private long _untilSample = LatencySampling;

    /// <summary>The lane's generator; a field, because every use changes it.</summary>
    public SplitMix64 Random = new(seed);

    public LaneCounters Counters { get; } = new();

    public LatencyHistogram Latency { get; } = new();

    /// <summary>A new thread takes the lane over: its blocks carry its own number from now on.</summary>
    public void ChangeOwner(uint owner)
    {
        _owner = owner;
        Counters.Threads++;
    }

    /// <summary>Allocates by a random entry point; false when memory was refused.</summary>
    public bool TryAllocate(out LiveBlock block)
    {
        nuint size = SizeLaw.Next(ref Random, _maxSize);
        block = new LiveBlock { Size = size };
        uint way = Random.Below(100);
        bool zeroed = false;
        long start = BeginSample();
        try
        {
            switch (way)
            {
                case < 6:
                    block.Alignment = (nuint)16 << (int)(Random.Next() % 9);
                    block.Address = (byte*)_heap.AllocateAligned(size, block.Alignment);
                    break;
                case < 16:
                    zeroed = true;
                    block.Address = (byte*)_heap.AllocateZeroed(size);
                    break;
                case < 30:
                    block.Address = (byte*)_heap.Allocate(size);
                    break;
                default:
                    if (_heap.TryAllocate(size, out void* address))
                        block.Address = (byte*)address;
                    break;
            }
        }
        catch (OutOfMemoryException)
        {
            block.Address = null;
        }

        EndSample(start);
        Counters.Operations++;
        if (block.Address is null)
        {
            Counters.Refused++;
            return false;
        }

        CheckNew(in block, zeroed);
        Fill(ref block);
        return true;
    }

    /// <summary>Fills a block that another call than <see cref="TryAllocate"/> returned.</summary>
    public void Adopt(ref LiveBlock block)
    {
        CheckNew(in block, zeroed: false);
        Fill(ref block);
    }

    public void Free(in LiveBlock block, string step = "before free")
    {
        Verify(in block, step);
        bool sized = block.Alignment == 0 && (Random.Next() & 1) == 0;
        long start = BeginSample();
        if (sized)
            _heap.FreeSized(block.Address, block.Size);
        else
            _heap.Free(block.Address);
        EndSample(start);
        Counters.Operations++;
    }

    /// <summary>Resizes a block in place of the owner's record; refused memory leaves it as it was, which is verified too.</summary>
    public void Reallocate(ref LiveBlock block)
    {
        nuint size = SizeLaw.Next(ref Random, _maxSize);
        Verify(in block, "before reallocate");
        byte* moved = null;
        long start = BeginSample();
        try
        {
            moved = block.Alignment == 0
                ? (byte*)_heap.Reallocate(block.Address, size)
                : (byte*)_heap.ReallocateAligned(block.Address, size, block.Alignment);
        }
        catch (OutOfMemoryException)
        {
            Counters.Refused++;
        }

        EndSample(start);
        Counters.Operations++;
        if (moved is null)
        {
            Verify(in block, "after a refused reallocate");
            return;
        }

        LiveBlock prefix = block with { Address = moved, Size = nuint.Min(block.Size, size) };
        Verify(in prefix, "prefix after reallocate");
        block.Address = moved;
        block.Size = size;
        CheckNew(in block, zeroed: false);
        Fill(ref block);
    }

    public void Verify(in LiveBlock block, string step)
    {
        long wrong = OwnerPattern.FindViolation(block.Address, block.Size, block.Tag);
        Counters.BytesVerified += (long)block.Size;
        if (wrong >= 0)
            Corrupted(step, in block, wrong, block.Tag);
    }

    /// <summary>A timestamp when this call's duration is to be sampled, else 0.</summary>
    public long BeginSample()
    {
        if (--_untilSample != 0)
            return 0;
        _untilSample = LatencySampling;
        return Stopwatch.GetTimestamp();
    }

    public void EndSample(long start)
    {
        if (start != 0)
            Latency.RecordSince(start);
    }

    private void CheckNew(in LiveBlock block, bool zeroed)
    {
        nuint alignment = nuint.Max(block.Alignment, NaturalAlignment);
        if (((nuint)block.Address & (alignment - 1)) != 0)
        {
            context.Log.Failed($"block 0x{(nuint)block.Address:x} of {block.Size} B is not aligned to {alignment}");
            context.Stop();
        }

        if ((Random.Next() & 31) == 0 && _heap.UsableSize(block.Address) < block.Size)
        {
            context.Log.Failed($"block 0x{(nuint)block.Address:x}: usable size {_heap.UsableSize(block.Address)} is below the {block.Size} B asked for");
            context.Stop();
        }

        long wrong = zeroed ? OwnerPattern.FindViolation(block.Address, block.Size, 0) : -1;
        if (wrong >= 0)
            Corrupted("zeroed block is not zero", in block, wrong, 0);
    }

    private void Fill(ref LiveBlock block)
    {
        block.Tag = OwnerPattern.Tag(_owner, ++_sequence);
        OwnerPattern.Fill(block.Address, block.Size, block.Tag);
    }

    private void Corrupted(string step, in LiveBlock block, long offset, ulong expected)
    {
        // The first corruption ends the run: what follows it is noise, and the heap may no longer be safe to use.
        context.Log.Corrupted($"thread {_owner}: {step}", block.Address, block.Size, offset, expected);
        context.Stop();
    }
}
