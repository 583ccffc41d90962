using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary><see cref="MleakWorkload"/> with one contender: a slice is ten threads at a time.</summary>
internal sealed class MleakCell<TContender, TSession, TBlock>(TContender contender, int blockBytes) : Cell
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    private const int ThreadsAtATime = 10;

    private readonly SharedSlots<TBlock> _slots = new(1000);
    private readonly Offspring[] _threads = new Offspring[ThreadsAtATime];
    private long _born;

    public override long OperationsPerSlice => ThreadsAtATime;

    public override void Run(int lane, long slices)
    {
        for (; slices > 0; slices--)
        {
            for (int i = 0; i < _threads.Length; i++)
                _threads[i] = Offspring.Start(Live);
            foreach (Offspring thread in _threads)
                thread.Join();
        }
    }

    public override void Clean(int lane)
    {
        using TSession session = contender.Open();
        for (int i = 0; i < _slots.Count; i++)
        {
            TBlock left = _slots.Exchange(i, default);
            if (!left.IsNone)
                session.Free(left);
        }
    }

    private void Live()
    {
        XorShift64 random = XorShift64.Numbered(Interlocked.Increment(ref _born));
        using TSession session = contender.Open();
        TBlock block = session.Allocate((nuint)blockBytes);
        block.Bytes(blockBytes).Clear();
        TBlock left = _slots.Exchange(random.Below(_slots.Count), block);
        if (!left.IsNone)
            session.Free(left);
    }
}
