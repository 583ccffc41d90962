using System.Runtime.CompilerServices;
using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="MstressWorkload"/> with one contender: a slice is a round of all workers; the first lane is worker 0 itself.</summary>
internal sealed class MstressCell<TContender, TSession, TBlock> : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    // In the original the lists come from the allocator, in steps of so many addresses.
    private const int ListBytes = 100_000 * 8;

    private const int ListSizes = 5;
    private const int RetainedSizes = 7;

    private readonly TContender _contender;
    private readonly MstressWorker<TBlock>[] _workers;
    private readonly SharedSlots<TBlock> _shared = new(1000);
    private readonly LaneBarrier _barrier;
    private XorShift64 _random = XorShift64.Numbered(-1);

    public MstressCell(TContender contender, int lanes)
    {
        _contender = contender;
        _workers = [.. Enumerable.Range(0, lanes).Select(number => new MstressWorker<TBlock>(number))];
        _barrier = new LaneBarrier(lanes);
    }

    public override long OperationsPerSlice => _workers.Sum(worker => (long)worker.Allocations);

    public override void Run(int lane, long slices)
    {
        MstressWorker<TBlock> worker = _workers[lane];
        for (; slices > 0; slices--)
        {
            if (lane == 0)
                Live(worker);
            else
                Offspring.Start(() => Live(worker)).Join();
            _barrier.Await();
            if (lane == 0)
                Thin();
            _barrier.Await();
        }
    }

    public override void Clean(int lane)
    {
        if (lane != 0)
            return;
        using TSession session = _contender.Open();
        for (int i = 0; i < _shared.Count; i++)
            Free(session, _shared.Exchange(i, default));
    }

    public override void Abandon() => _barrier.Abandon();

    // Between two rounds about half of the shared slots are emptied.
    private void Thin()
    {
        using TSession session = _contender.Open();
        for (int i = 0; i < _shared.Count; i++)
        {
            if (_random.Below(100) < 51)
                Free(session, _shared.Exchange(i, default));
        }
    }

    private void Live(MstressWorker<TBlock> worker)
    {
        using TSession session = _contender.Open();
        int retainedBytes = worker.Retained.Length * 8;
        TBlock list = Cleared(session, ListBytes);
        TBlock retained = Cleared(session, retainedBytes);
        int inList = Work(session, worker, _shared);
        FreeAll(session, worker.Retained);
        FreeAll(session, worker.List.AsSpan(0, inList));
        session.Free(retained);
        session.Free(list);
    }

    private static TBlock Cleared(TSession session, int bytes)
    {
        TBlock block = session.Allocate((nuint)bytes);
        block.Bytes(bytes).Clear();
        return block;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Work(TSession session, MstressWorker<TBlock> worker, SharedSlots<TBlock> shared)
    {
        XorShift64 random = worker.Random;
        TBlock[] list = worker.List;
        TBlock[] retained = worker.Retained;
        int inList = 0;
        int inRetained = 0;
        while (inList < list.Length || inRetained < retained.Length)
        {
            if (inRetained == retained.Length || (inList < list.Length && random.Below(100) < 51))
                list[inList++] = Allocate(session, 1 << random.Below(ListSizes), ref random);
            else
                retained[inRetained++] = Allocate(session, 1 << random.Below(RetainedSizes), ref random);

            if (inList > 0 && random.Below(100) < 67)
            {
                ref TBlock slot = ref list[random.Below(inList)];
                Free(session, slot);
                slot = default;
            }

            if (inList > 0 && random.Below(100) < 26)
            {
                ref TBlock slot = ref list[random.Below(inList)];
                slot = shared.Exchange(random.Below(shared.Count), slot);
            }
        }

        worker.Random = random;
        return inList;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FreeAll(TSession session, Span<TBlock> blocks)
    {
        foreach (TBlock block in blocks)
            Free(session, block);
        blocks.Clear();
    }

    private static TBlock Allocate(TSession session, int words, ref XorShift64 random)
    {
        words *= random.Below(10_000) switch
        {
            < 4 => 10_000,
            < 26 => 1000,
            < 200 => 100,
            _ => 1,
        };
        TBlock block = session.Allocate((nuint)words * sizeof(ulong));
        WordPattern.Write(block, words);
        return block;
    }

    private static void Free(TSession session, TBlock block)
    {
        if (block.IsNone)
            return;
        WordPattern.Verify(block);
        session.Free(block);
    }
}
