using MagAlloc.Stress.Verification;

namespace MagAlloc.Stress.Iova;

/// <summary>What all threads of a run share: the domain, the oracle, and the books of what must never happen.</summary>
internal sealed class IovaContext(IovaStressOptions options, IovaDomain domain) : IDisposable
{
    private const int ProofPauseMilliseconds = 20;

    private long _overlaps;
    private long _violations;
    private long _falseExhaustions;
    private long _nextProof;
    private bool _stopping;

    public IovaStressOptions Options { get; } = options;

    public IovaDomain Domain { get; } = domain;

    public RangeOracle Oracle { get; } = new(domain.LastPfn + 1);

    public IntegrityLog Log { get; } = new();

    public ParcelSlots Slots { get; } = new(options.Threads);

    /// <summary>The lanes and the caretaker.</summary>
    public StandStill StandStill { get; } = new(options.Threads + 1);

    public CountdownEvent LanesRunning { get; } = new(options.Threads);

    public bool Stopping => Volatile.Read(ref _stopping);

    /// <summary>Two ranges that had a pfn in common.</summary>
    public long Overlaps => Interlocked.Read(ref _overlaps);

    /// <summary>Ranges above their limit, below the domain's start, or not aligned as asked for.</summary>
    public long Violations => Interlocked.Read(ref _violations);

    /// <summary>Requests that were refused though there was room.</summary>
    public long FalseExhaustions => Interlocked.Read(ref _falseExhaustions);

    /// <summary>True now and then: a proof stops everybody. Never with aging, where the oracle knows a part of the space only.</summary>
    public bool MayProve()
    {
        long now = Environment.TickCount64;
        long next = Interlocked.Read(ref _nextProof);
        return !Options.Aging && now >= next && Interlocked.CompareExchange(ref _nextProof, now + ProofPauseMilliseconds, next) == next;
    }

    public void Stop() => Volatile.Write(ref _stopping, true);

    /// <summary>The first overlap ends the run: what follows it is noise.</summary>
    public void Overlapped(string message)
    {
        Interlocked.Increment(ref _overlaps);
        Failed(message);
    }

    public void Violated(string message)
    {
        Interlocked.Increment(ref _violations);
        Failed(message);
    }

    /// <summary>Counted, and the run goes on: how often it happens is part of the finding.</summary>
    public void FalselyExhausted(string message)
    {
        Interlocked.Increment(ref _falseExhaustions);
        Log.Failed(message);
    }

    public void Failed(string message)
    {
        Log.Failed(message);
        Stop();
    }

    public void Dispose()
    {
        Oracle.Dispose();
        LanesRunning.Dispose();
    }
}
