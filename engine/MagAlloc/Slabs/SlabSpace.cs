using System.Numerics;
using MagAlloc.Concurrency;
using MagAlloc.Events;

namespace MagAlloc.Slabs;

/// <summary>The unmanaged memory pools that stand for slabs: blocks of fixed sizes, tracked in out-of-line bitmaps.</summary>
/// <remarks>
/// <para><b>State.</b> A slab is 1, 2, 4, … chunks of the arena for blocks of one class. Its <see cref="SlabState"/> word is
/// the authority: class, free blocks, generation. Its bitmap says which blocks are free.</para>
/// <para><b>Order.</b> Returning sets bits first and raises the count after; claiming lowers the count first and takes bits
/// after. So there are never fewer bits than the count promises (lock-free).</para>
/// <para><b>Retirement.</b> Only a slab whose count equals its number of blocks is retired, by one compare-and-swap: nothing of it is outstanding or promised
/// then. <b>No ABA:</b> the generation moves. <b>No use after free:</b> metadata stays mapped while the arena lives.</para>
/// <para><b>Finding a slab.</b> <see cref="Arena.PartialMap"/> has the class code of each slab with free blocks; the search is a vectorised scan for a byte, lowest
/// address first. The byte is a hint that converges to the state (<see cref="PublishPartial"/>). The argument: docs/proofs/slabs.md.</para>
/// </remarks>
internal sealed unsafe partial class SlabSpace
{
    private readonly Arena _arena;
    private readonly SlabClass[] _classes;
    private readonly PaddedLong[] _outstanding;
    private readonly PaddedLong[] _capacity;
    private readonly PaddedLong[] _partial;
    private readonly int[] _hints;
    private readonly FaultPlan? _faults;
    private readonly IMisuseSink _misuse;
    private readonly IBlockInitializer? _initializer;
    private int _kept;

    /// <param name="arena">Where slabs come from.</param>
    /// <param name="classes">Class i has code i + 1.</param>
    /// <param name="misuse">Told of blocks that come back wrongly.</param>
    /// <param name="initializer">Prepares blocks; needs the arena's marks. Null: blocks are handed out as they are.</param>
    /// <param name="faults">Plan asked before a slab is made, or null.</param>
    public SlabSpace(Arena arena, SlabClass[] classes, IMisuseSink misuse, IBlockInitializer? initializer, FaultPlan? faults)
    {
        _arena = arena;
        _classes = classes;
        _misuse = misuse;
        _initializer = initializer;
        _faults = faults;
        _outstanding = new PaddedLong[classes.Length + 1];
        _capacity = new PaddedLong[classes.Length + 1];
        _partial = new PaddedLong[classes.Length + 1];
        _hints = new int[classes.Length + 1];
    }

    public Arena Arena => _arena;

    public int ClassCount => _classes.Length;

    public ref readonly SlabClass Class(int code) => ref _classes[code - 1];

    /// <summary>Blocks of a class that have left their slabs: with callers, or in magazines.</summary>
    public long Outstanding(int code) => Atomic.Load(ref _outstanding[code].Value);

    /// <summary>Blocks of a class in all its slabs, free or not.</summary>
    public long Capacity(int code) => Atomic.Load(ref _capacity[code].Value);

    /// <summary>Takes up to <paramref name="count"/> blocks of a class out of its slabs.</summary>
    /// <returns>How many; fewer than asked for when a slab ran out, 0 when there is no memory for another slab.</returns>
    public int Acquire(int code, nuint* into, int count)
    {
        while (!_arena.IsDiscarded)
        {
            int chunk = FindPartial(code);
            if (chunk < 0)
            {
                if (!TryCreateSlab(code, out chunk))
                {
                    return 0;
                }
            }

            int got = ClaimFrom(chunk, code, into, count, out bool refused);
            if (got > 0 || refused)
            {
                return got;
            }
        }

        return 0;
    }

    private int FindPartial(int code)
    {
        if (Atomic.Load(ref _partial[code].Value) <= 0)
        {
            return -1;
        }

        int frontier = _arena.Ranges.Frontier;
        int hint = Math.Min(Atomic.Load(ref _hints[code]), frontier);
        int found = new ReadOnlySpan<byte>(_arena.PartialMap + hint, frontier - hint).IndexOf((byte)code);
        if (found >= 0)
        {
            found += hint;
        }
        else
        {
            // The hint is moved without care for races; what it hides is found here.
            found = new ReadOnlySpan<byte>(_arena.PartialMap, hint).IndexOf((byte)code);
        }

        if (found >= 0 && found != hint)
        {
            Atomic.Store(ref _hints[code], found);
        }

        return found;
    }

    private bool TryCreateSlab(int code, out int chunk)
    {
        ref readonly SlabClass slab = ref Class(code);
        chunk = 0;
        if (FaultPlan.Fails(_faults, FaultPoint.SlabCreate) || !_arena.TryTakeChunks(slab.Chunks, slab.Chunks, out chunk))
        {
            return false;
        }

        ulong* bitmap = _arena.Bitmap(chunk);
        int full = slab.Blocks / 64;
        for (int w = 0; w < full; w++)
        {
            Atomic.StoreRelaxed(ref bitmap[w], ulong.MaxValue);
        }

        if (slab.Blocks % 64 != 0)
        {
            Atomic.StoreRelaxed(ref bitmap[full], (1UL << (slab.Blocks % 64)) - 1);
        }

        if (_initializer != null)
        {
            new Span<ulong>(_arena.Marks(chunk), Arena.BitmapWords).Clear();
        }

        for (int i = 0; i < slab.Chunks; i++)
        {
            Atomic.Store(ref _arena.PageMap[chunk + i], (byte)code);
        }

        _arena.Header(chunk).Shrunk = 0;
        Atomic.Add(ref _capacity[code].Value, slab.Blocks);
        Atomic.Add(ref _partial[code].Value, 1);

        // Publishes the bitmap: it pairs with the acquiring load of the state in ClaimFrom.
        ref ulong state = ref _arena.Header(chunk).Slab;
        Atomic.Store(ref state, SlabState.Created(state, code, slab.Blocks));
        PublishPartial(chunk);
        TellSlab(chunk, code, claimed: true);
        return true;
    }

    /// <returns>Blocks claimed; 0 with <paramref name="refused"/> when their pages could not be committed.</returns>
    private int ClaimFrom(int chunk, int code, nuint* into, int count, out bool refused)
    {
        refused = false;
        ref ulong location = ref _arena.Header(chunk).Slab;
        ulong state = Atomic.Load(ref location);
        int share;
        while (true)
        {
            share = Math.Min(count, SlabState.Free(state));
            if (share == 0 || SlabState.Code(state) != code)
            {
                PublishPartial(chunk);
                return 0;
            }

            ulong now = Atomic.CompareExchange(ref location, SlabState.WithFree(state, -share), state);
            if (now == state)
            {
                break;
            }

            state = now;
        }

        if (SlabState.Free(state) == share)
        {
            Atomic.Add(ref _partial[code].Value, -1);
            PublishPartial(chunk);
        }

        int got = TakeBits(chunk, code, into, share);
        Atomic.Add(ref _outstanding[code].Value, got);
        if (!TryPrepare(code, into, got))
        {
            Release(code, into, got);
            _arena.Committed.Transit.Pass();
            refused = true;
            return 0;
        }

        if (_initializer != null)
        {
            try
            {
                if (!TryInitialize(chunk, code, into, got))
                {
                    Release(code, into, got);
                    refused = true;
                    return 0;
                }
            }
            catch
            {
                // A user's constructor threw: the blocks go home, those not yet constructed unmarked.
                Release(code, into, got);
                throw;
            }
        }

        return got;
    }

    private int TakeBits(int chunk, int code, nuint* into, int share)
    {
        ref readonly SlabClass slab = ref Class(code);
        ulong* bitmap = _arena.Bitmap(chunk);
        nuint start = (nuint)_arena.AddressOf(chunk);
        int words = (slab.Blocks + 63) / 64;
        int got = 0;
        while (true)
        {
            for (int w = 0; w < words; w++)
            {
                ulong free = Atomic.Load(ref bitmap[w]);
                if (free == 0)
                {
                    continue;
                }

                ulong wanted = LowestBits(free, share - got);
                ulong taken = Atomic.And(ref bitmap[w], ~wanted) & wanted;
                for (; taken != 0; taken &= taken - 1)
                {
                    int index = (w * 64) + BitOperations.TrailingZeroCount(taken);
                    into[got++] = start + ((nuint)index * (nuint)slab.BlockBytes);
                }

                if (got == share)
                {
                    return got;
                }
            }

            if (_arena.IsDiscarded)
            {
                return got;
            }
        }
    }

    private static ulong LowestBits(ulong word, int count)
    {
        if (count >= 64 || BitOperations.PopCount(word) <= count)
        {
            return word;
        }

        ulong lowest = 0;
        for (; count > 0; count--)
        {
            ulong bit = word & (0 - word);
            lowest |= bit;
            word ^= bit;
        }

        return lowest;
    }

    /// <summary>Commits the pages under claimed blocks.</summary>
    private bool TryPrepare(int code, nuint* blocks, int count)
    {
        ref readonly SlabClass slab = ref Class(code);

        // Claimed blocks ascend within a pass over the bitmap, so neighbours coalesce into one look at the page bits. Each is
        // read once and tested: they lie in a magazine, which a disposal on another thread may be zeroing.
        nuint blockBytes = (nuint)slab.BlockBytes;
        for (int i = 0; i < count;)
        {
            nuint from = blocks[i++];
            nuint to = from + blockBytes;
            for (; i < count && blocks[i] == to; i++)
            {
                to += blockBytes;
            }

            if (!_arena.Contains(from) || !_arena.TryCommit(from, to - from))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryInitialize(int chunk, int code, nuint* blocks, int count)
    {
        ref readonly SlabClass slab = ref Class(code);
        nuint start = (nuint)_arena.AddressOf(chunk);
        ulong* marks = _arena.Marks(chunk);
        for (int i = 0; i < count; i++)
        {
            nuint block = blocks[i];
            if (!_arena.Contains(block))
            {
                return false;
            }

            int index = slab.IndexOf(block - start);
            ulong bit = 1UL << (index % 64);
            if ((Atomic.Load(ref marks[index / 64]) & bit) == 0)
            {
                if (FaultPlan.Fails(_faults, FaultPoint.Constructor))
                {
                    return false;
                }

                // Marked after, so that a block whose constructor threw is constructed by its next owner.
                UserCall call;
                UserCall.Begin(&call, _arena.Owner);
                try
                {
                    _initializer!.Initialize(block);
                }
                finally
                {
                    UserCall.End(&call);
                }

                Atomic.Or(ref marks[index / 64], bit);
            }
        }

        return true;
    }

    /// <summary>Makes a chunk's byte in the partial map say what its state says.</summary>
    /// <remarks>
    /// Whoever moves a state across "has free blocks" calls this. Writers may overtake each other, so each reads the
    /// state again after its write (behind a full fence: write mine, then read yours) and repeats if it has moved. Take
    /// the last write: its writer saw the state agree afterwards, and any later move of the state is followed by a write
    /// of its own. So at quiescence byte and state agree.
    /// </remarks>
    private void PublishPartial(int chunk)
    {
        ref ulong location = ref _arena.Header(chunk).Slab;
        ulong state = Atomic.Load(ref location);
        while (true)
        {
            byte value = PartialValue(state);
            Atomic.Store(ref _arena.PartialMap[chunk], value);
            Atomic.Fence();
            state = Atomic.Load(ref location);
            if (PartialValue(state) == value)
            {
                break;
            }
        }

        int code = SlabState.Code(state);
        if (PartialValue(state) != 0 && chunk < Atomic.Load(ref _hints[code]))
        {
            Atomic.Store(ref _hints[code], chunk);
        }
    }

    private static byte PartialValue(ulong state) => SlabState.Free(state) > 0 ? (byte)SlabState.Code(state) : (byte)0;
}
