namespace MagAlloc.Bench.Contenders.Timed;

/// <summary>Opens timed sessions of a contender with the whole malloc family.</summary>
internal readonly struct TimedHeapContender<TContender, TSession>(TContender contender, LatencyBook book)
    : IContender<TimedHeapSession<TSession>>
    where TContender : struct, IContender<TSession>
    where TSession : struct, IHeapSession, allows ref struct
{
    public TimedHeapSession<TSession> Open() => new(contender.Open(), book);
}
