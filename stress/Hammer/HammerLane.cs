using MagAlloc.Stress.Verification;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Hammer;

/// <summary>
/// One lane of a hammer run: a live set, a generator, and the work of the thread that runs the lane at the moment. With thread
/// churn that thread starts a successor on the same live set and ends, its own caches still full of free blocks.
/// </summary>
internal sealed unsafe class HammerLane : IDisposable
{
    private const int BulkBlocks = 200;
    private const int BurstBlocks = 64;
    private const int PollEvery = 16;
    private const int ReliefBlocks = 64;

    private readonly HammerContext _context;
    private readonly BlockOperations _operations;
    private readonly LiveSet _live;
    private readonly int _lane;
    private Parcel* _outgoing;
    private Thread? _thread;

    public HammerLane(HammerContext context, int lane)
    {
        _context = context;
        _lane = lane;
        SplitMix64 seeds = new(context.Options.Seed + ((ulong)lane * 0xD1B54A32D192ED03));
        _operations = new BlockOperations(context, seeds.Next());

        // Room for a bulk's and a received parcel's blocks above the number the lane aims at.
        _live = new LiveSet(context.Options.Live + BulkBlocks + Parcel.Capacity);
    }

    public LaneCounters Counters => _operations.Counters;

    public LatencyHistogram Latency => _operations.Latency;

    public void Start() => StartThread(predecessor: null);

    /// <summary>After the lane has ended: waits for its last thread, which has waited for those before it.</summary>
    public void Join() => _thread?.Join();

    public void Dispose() => _live.Dispose();

    private void StartThread(Thread? predecessor)
    {
        Thread thread = new(() => Work(predecessor)) { IsBackground = true, Name = $"hammer {_lane}" };
        Volatile.Write(ref _thread, thread);
        thread.Start();
    }

    private void Work(Thread? predecessor)
    {
        bool succeeded = false;
        try
        {
            if (_context.Options.Pin)
            {
                IReadOnlyList<int> cpus = ThreadAffinity.AllowedCpus;
                using PinnedThread pinned = ThreadAffinity.Pin(cpus[_lane % cpus.Count]);
                succeeded = WorkUntilDone();
            }
            else
            {
                succeeded = WorkUntilDone();
            }
        }
        catch (Exception e)
        {
            // Whatever comes out of the allocator here is a finding of the run, never the end of the process.
            _context.Log.Failed($"lane {_lane}: {e.GetType().Name}: {e.Message}{Environment.NewLine}{e.StackTrace}");
            _context.Stop();
        }

        predecessor?.Join();
        if (!succeeded)
            _context.LanesRunning.Signal();
    }

    /// <summary>True when a successor has taken the lane over.</summary>
    private bool WorkUntilDone()
    {
        _operations.ChangeOwner(_context.NextOwner());
        long quota = _context.Options.ThreadChurn ? 1000 + _operations.Random.Below(8000) : long.MaxValue;
        while (!_context.Stopping && quota-- > 0)
            Step(quota);

        if (_context.Stopping)
        {
            FreeEverything();
            return false;
        }

        if (_operations.Random.Chance(25))
            HandOverHalf();
        StartThread(Thread.CurrentThread);
        return true;
    }

    private void Step(long turn)
    {
        if (turn % PollEvery == 0)
            Receive(_context.Slots.Exchange(_lane, (uint)(turn / PollEvery), null));

        uint choice = _operations.Random.Below(1000);
        switch (choice)
        {
            case < 4:
                Bulk();
                break;
            case < 12:
                Burst();
                break;
            case < 90 when _live.Count != 0:
                _operations.Reallocate(ref _live[AnyIndex()]);
                break;
            case < 110 when _live.Count != 0:
                _operations.Verify(in _live[AnyIndex()], "while held");
                break;
            case < 560 when _live.Count < _context.Options.Live:
                AllocateOne();
                break;
            default:
                if (_live.Count != 0)
                    GiveUpOne();
                break;
        }
    }

    private int AnyIndex() => (int)_operations.Random.Below((uint)_live.Count);

    private void AllocateOne()
    {
        if (_operations.TryAllocate(out LiveBlock block))
        {
            _live.Add(in block);
            return;
        }

        // At the byte limit every lane must give something back, or the run would only count refusals.
        if (_context.Options.ByteLimit != long.MaxValue)
        {
            for (int i = 0; i < ReliefBlocks && _live.Count != 0; i++)
                _operations.Free(_live.Remove(AnyIndex()));
        }
    }

    private void GiveUpOne()
    {
        LiveBlock block = _live.Remove(AnyIndex());
        if (_context.Slots.Lanes > 1 && _operations.Random.Chance(_context.Options.CrossThreadPercent))
            HandOver(in block);
        else
            _operations.Free(in block);
    }

    /// <summary>Allocates many of one size at once, frees some in bulk and keeps the rest.</summary>
    private void Bulk()
    {
        Span<nint> addresses = stackalloc nint[BulkBlocks];
        addresses = addresses[..(1 + (int)_operations.Random.Below(BulkBlocks))];
        nuint size = SizeLaw.Small(ref _operations.Random);
        int got = 0;
        while (got < addresses.Length && _context.Heap.TryAllocate(size, out void* block))
            addresses[got++] = (nint)block;
        if (got < addresses.Length)
            Counters.Refused++;
        Counters.Operations += got;

        Span<LiveBlock> blocks = stackalloc LiveBlock[got];
        for (int i = 0; i < got; i++)
        {
            blocks[i] = new LiveBlock { Address = (byte*)addresses[i], Size = size };
            _operations.Adopt(ref blocks[i]);
        }

        for (int i = 0; i < got; i++)
        {
            bool keep = _live.Count < _context.Options.Live && (_operations.Random.Next() & 1) == 0;
            if (keep)
            {
                _live.Add(in blocks[i]);
                addresses[i] = 0;
                continue;
            }

            _operations.Verify(in blocks[i], "before bulk free");
            Counters.Operations++;
        }

        foreach (nint address in addresses[..got])
            _context.Heap.Free((void*)address);
    }

    /// <summary>A hot loop over the thread's handle, as a caller that cares would write it.</summary>
    private void Burst()
    {
        if (!TryTakeHandle(out HeapThread handle))
        {
            Counters.Refused++;
            return;
        }

        using (handle)
            Burst(in handle);
    }

    /// <summary>A handle needs the thread's cache, which is refused where there is no memory for it; the heap itself does without.</summary>
    private bool TryTakeHandle(out HeapThread handle)
    {
        try
        {
            handle = _context.Heap.OpenThread();
            return true;
        }
        catch (OutOfMemoryException)
        {
            handle = default;
            return false;
        }
    }

    private void Burst(in HeapThread handle)
    {
        Span<LiveBlock> blocks = stackalloc LiveBlock[BurstBlocks];
        int got = 0;
        while (got < blocks.Length)
        {
            nuint size = SizeLaw.Small(ref _operations.Random);
            long start = _operations.BeginSample();
            bool allocated = handle.TryAllocate(size, out void* address);
            _operations.EndSample(start);
            Counters.Operations++;
            if (!allocated)
            {
                Counters.Refused++;
                break;
            }

            blocks[got] = new LiveBlock { Address = (byte*)address, Size = size };
            _operations.Adopt(ref blocks[got++]);
        }

        bool lastFirst = (_operations.Random.Next() & 1) == 0;
        for (int i = 0; i < got; i++)
        {
            ref LiveBlock block = ref blocks[lastFirst ? got - 1 - i : i];
            _operations.Verify(in block, "before free by the handle");
            long start = _operations.BeginSample();
            if (lastFirst)
                handle.FreeSized(block.Address, block.Size);
            else
                handle.Free(block.Address);
            _operations.EndSample(start);
            Counters.Operations++;
        }
    }

    private void HandOver(in LiveBlock block)
    {
        _operations.Verify(in block, "before hand-over");
        if (_outgoing is null)
            _outgoing = Parcel.New();
        _outgoing->Blocks[_outgoing->Count++] = block;
        if (_outgoing->Count == Parcel.Capacity)
            Send();
    }

    private void Send()
    {
        Parcel* parcel = _outgoing;
        _outgoing = null;
        if (parcel is null)
            return;
        uint other = _operations.Random.Below((uint)_context.Slots.Lanes - 1);
        int lane = (int)(other < (uint)_lane ? other : other + 1);
        Receive(_context.Slots.Exchange(lane, (uint)_operations.Random.Next(), parcel));
    }

    /// <summary>Verifies what another lane sent; frees most of it and keeps a part alive.</summary>
    private void Receive(Parcel* parcel)
    {
        if (parcel is null)
            return;
        for (int i = 0; i < parcel->Count; i++)
        {
            LiveBlock block = parcel->Blocks[i];
            if (_live.Count < _context.Options.Live && _operations.Random.Chance(20))
            {
                _operations.Verify(in block, "after receipt");
                _live.Add(in block);
            }
            else
            {
                _operations.Free(in block, "after receipt, before free");
                Counters.CrossThreadFrees++;
            }
        }

        Parcel.Delete(parcel);
    }

    private void HandOverHalf()
    {
        if (_context.Slots.Lanes == 1)
            return;
        for (int left = _live.Count / 2; left > 0 && _live.Count != 0; left--)
            HandOver(_live.Remove(AnyIndex()));
        Send();
    }

    private void FreeEverything()
    {
        Parcel* outgoing = _outgoing;
        _outgoing = null;
        if (outgoing is not null)
        {
            for (int i = 0; i < outgoing->Count; i++)
                _operations.Free(outgoing->Blocks[i], "before the final free");
            Parcel.Delete(outgoing);
        }

        while (_live.Count != 0)
            _operations.Free(_live.Remove(_live.Count - 1), "before the final free");
    }
}
