namespace MagAlloc.Bench.Contenders.Timed;

/// <summary>Opens timed sessions of a contender.</summary>
internal readonly struct TimedContender<TContender, TSession, TBlock>(TContender contender, LatencyBook book)
    : IContender<TimedSession<TSession, TBlock>>
    where TContender : struct, IContender<TSession>
    where TSession : struct, IAllocatorSession<TBlock>, allows ref struct
    where TBlock : struct, IBlock
{
    public TimedSession<TSession, TBlock> Open() => new(contender.Open(), book);
}
