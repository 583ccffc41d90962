using MagAlloc.Stress.Verification;
using MagAlloc.Tooling.Measurement;

namespace MagAlloc.Stress.Iova;

/// <summary>
/// A lane of the run: ranges that it holds, and the work of the thread that runs it at the moment. What all kinds of lanes have in
/// common is here: threads, hand-over, and the end, at which everything is freed.
/// </summary>
internal abstract class IovaLane(IovaContext context, int lane, Func<ulong, bool> isWatched)
{
    private const int StepsOfAThread = 20_000;

    private readonly Random _churn = new(unchecked((int)context.Options.Seed) + lane);
    private RangeParcel _outgoing = new();
    private Thread? _thread;

    public RangeCounters Counters => Operations.Counters;

    public LatencyHistogram Latency => Operations.Latency;

    protected RangeOperations Operations { get; } =
        new(context, new SplitMix64(context.Options.Seed + ((ulong)lane * 0xD1B54A32D192ED03)).Next(), isWatched);

    protected IovaContext Context => context;

    public void Start() => StartThread(predecessor: null);

    /// <summary>After the lane has ended: waits for its last thread, which has waited for those before it.</summary>
    public void Join() => _thread?.Join();

    /// <summary>Frees what another lane has given up; on the lane's thread, or when it has ended.</summary>
    public void Empty(RangeParcel parcel)
    {
        foreach (ref readonly LiveRange range in parcel.Ranges)
            Operations.Free(in range);
        Counters.CrossThreadFrees += parcel.Count;
        parcel.Clear();
    }

    /// <summary>One step of the work.</summary>
    protected abstract void Step(long turn);

    /// <summary>Frees all that the lane holds.</summary>
    protected abstract void FreeEverything();

    /// <summary>Frees a range, or leaves that to another lane.</summary>
    protected void GiveUp(in LiveRange range)
    {
        if (context.Options.Threads == 1 || !Operations.Random.Chance(context.Options.CrossThreadPercent))
        {
            Operations.Free(in range);
            return;
        }

        _outgoing.Add(in range);
        if (!_outgoing.IsFull)
            return;
        int other = (int)Operations.Random.Below((uint)context.Options.Threads - 1);
        RangeParcel next = context.Slots.Exchange(other + (other >= lane ? 1 : 0), _outgoing) ?? new RangeParcel();
        Empty(next);
        _outgoing = next;
    }

    private void StartThread(Thread? predecessor)
    {
        Thread thread = new(() => Work(predecessor)) { IsBackground = true, Name = $"lane {lane}" };
        Volatile.Write(ref _thread, thread);
        thread.Start();
    }

    private void Work(Thread? predecessor)
    {
        bool succeeded = false;
        try
        {
            succeeded = WorkUntilDone();
        }
        catch (Exception e)
        {
            // Whatever comes out of the domain here is a finding of the run, never the end of the process.
            context.Failed($"lane {lane}: {e.GetType().Name}: {e.Message}{Environment.NewLine}{e.StackTrace}");
        }

        predecessor?.Join();
        if (succeeded)
            return;
        context.StandStill.Leave();
        context.LanesRunning.Signal();
    }

    /// <summary>True when a successor has taken the lane over.</summary>
    private bool WorkUntilDone()
    {
        Counters.Threads++;
        long quota = context.Options.ThreadChurn ? 1 + _churn.NextInt64(StepsOfAThread) : long.MaxValue;
        for (; quota > 0 && !context.Stopping; quota--)
        {
            context.StandStill.Check();
            if (quota % RangeParcel.Capacity == 0)
                Receive();
            Step(quota);
        }

        if (!context.Stopping)
        {
            StartThread(Thread.CurrentThread);
            return true;
        }

        FreeEverything();
        Empty(_outgoing);
        return false;
    }

    private void Receive()
    {
        if (context.Slots.Exchange(lane, null) is { } parcel)
            Empty(parcel);
    }
}
