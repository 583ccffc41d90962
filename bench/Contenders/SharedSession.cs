namespace MagAlloc.Bench.Contenders;

/// <summary>An allocator that looks its thread up by itself: one session serves every thread.</summary>
internal readonly struct SharedSession<TSession>(TSession session) : IContender<TSession>
    where TSession : struct
{
    public TSession Open() => session;
}
