using System.Diagnostics.Tracing;
using System.Globalization;
using MagAlloc.Concurrency;

namespace MagAlloc.Events;

/// <content>What sessions ask for, and what is told at their start, at intervals, and at an owner's end.</content>
internal sealed unsafe partial class MagAllocEventSource
{
    public const string SampleBytesArgument = "SampleBytes";
    public const string MostSamplesArgument = "MostSamples";
    public const string StatisticsMsArgument = "StatisticsMs";
    public const long DefaultSampleBytes = 512 * 1024;
    public const int DefaultStatisticsMs = 100;

    private const int ShortestStatisticsMs = 1;
    private const int LongestStatisticsMs = 3600 * 1000;

    // Threads tell of their exchanges once a beat: each event costs a walk of the stack, and a quarter of a second is finer than
    // anybody reads a rate.
    private const int BeatMs = 250;

    private long _sampleBytes = DefaultSampleBytes;
    private int _statisticsMs = DefaultStatisticsMs;
    private readonly SampleBudget _budget = new();
    private long _mostSamples;
    private long _meanBytes;
    private int _wasExchange;
    private int _beat;
    private EventClock? _clock;

    /// <summary>Mean bytes between two sampled allocations; 0 while nobody wants samples.</summary>
    public long MeanBytes => Atomic.Load(ref _meanBytes);

    /// <summary>Counts a sampled allocation against the session's budget.</summary>
    [NonEvent]
    public void CountSample() => _budget.Count();

    /// <summary>Moves at intervals while somebody listens to exchanges.</summary>
    public int Beat => Atomic.Load(ref _beat);

    /// <summary>Tells of an owner's birth.</summary>
    [NonEvent]
    public void Announce(IEventOwner owner)
    {
        if (IsEnabled(EventLevel.Informational, Keywords.Owner))
        {
            OwnerCreated(owner.Id, owner.Name, owner.Kind);
        }
    }

    /// <summary>Tells the last figures of an owner, and its end.</summary>
    [NonEvent]
    public void Bury(IEventOwner owner)
    {
        if (!IsEnabled())
        {
            return;
        }

        if (IsEnabled(EventLevel.Informational, Keywords.Exchange))
        {
            owner.ReportExchanges(Beat + 1, discard: false);
        }

        TellFigures(owner);
        if (IsEnabled(EventLevel.Informational, Keywords.Owner))
        {
            OwnerDisposed(owner.Id);
        }
    }

    /// <summary>One turn of the clock.</summary>
    /// <param name="newBeat">Whether threads shall tell of their exchanges.</param>
    /// <param name="newStatistics">Whether it is time for figures.</param>
    /// <returns>Whether anybody still wants to be told.</returns>
    [NonEvent]
    internal bool Turn(bool newBeat, bool newStatistics)
    {
        bool exchange = IsEnabled(EventLevel.Informational, Keywords.Exchange);
        bool statistics = IsEnabled(EventLevel.Informational, Keywords.Statistics);
        if (exchange && newBeat)
        {
            int beat = Atomic.Add(ref _beat, 1);
            foreach (IEventOwner owner in OwnerRegistry.Instance.Living)
            {
                // Of threads that have had a whole beat to tell themselves, and have not come by.
                owner.ReportExchanges(beat - 1, discard: false);
            }
        }

        if (statistics && newStatistics)
        {
            foreach (IEventOwner owner in OwnerRegistry.Instance.Living)
            {
                TellFigures(owner);
            }
        }

        bool budget = HasBudget;
        if (budget)
        {
            KeepBudget();
        }

        return exchange || statistics || budget;
    }

    private bool HasBudget => IsEnabled(EventLevel.Informational, Keywords.Sample) && Atomic.Load(ref _mostSamples) != 0;

    [NonEvent]
    private void KeepBudget()
    {
        long mean = MeanBytes;
        long wanted = mean == 0 ? 0 : _budget.Look(mean, Atomic.Load(ref _sampleBytes), Atomic.Load(ref _mostSamples));

        // A command that comes in between has the last word.
        if (wanted != mean && Atomic.CompareExchange(ref _meanBytes, wanted, mean) == mean)
        {
            foreach (IEventOwner owner in OwnerRegistry.Instance.Living)
            {
                owner.FollowSessions();
            }
        }
    }

    /// <summary>Time between two turns of the clock, between two beats, and between figures, in milliseconds.</summary>
    internal (int Turn, int Beat, int Statistics) Periods
    {
        [NonEvent]
        get
        {
            int statistics = Atomic.Load(ref _statisticsMs);
            int turn = IsEnabled(EventLevel.Informational, Keywords.Statistics) ? statistics : BeatMs;

            // Beats and the budget do not wait for figures that somebody wants once an hour.
            return (IsEnabled(EventLevel.Informational, Keywords.Exchange) || HasBudget ? Math.Min(turn, BeatMs) : turn, BeatMs, statistics);
        }
    }

    protected override void OnEventCommand(EventCommandEventArgs command)
    {
        if (command.Command == EventCommand.SendManifest)
        {
            return;
        }

        if (!IsEnabled())
        {
            // The last session has ended: the next one finds the defaults, whatever this one had asked for.
            Atomic.Store(ref _sampleBytes, DefaultSampleBytes);
            Atomic.Store(ref _mostSamples, 0);
            Atomic.Store(ref _statisticsMs, DefaultStatisticsMs);
        }

        ReadArguments(command.Arguments);
        Atomic.Exchange(ref _meanBytes, IsEnabled(EventLevel.Informational, Keywords.Sample) ? Atomic.Load(ref _sampleBytes) : 0);
        bool exchange = IsEnabled(EventLevel.Informational, Keywords.Exchange);
        bool wasExchange = Atomic.Exchange(ref _wasExchange, exchange ? 1 : 0) != 0;
        foreach (IEventOwner owner in OwnerRegistry.Instance.Living)
        {
            owner.FollowSessions();
            if (exchange)
            {
                // What nobody listened to belongs to no session.
                owner.ReportExchanges(Beat + 1, discard: !wasExchange);
            }

            Announce(owner);
            TellFigures(owner);
        }

        if (exchange || IsEnabled(EventLevel.Informational, Keywords.Statistics) || HasBudget)
        {
            EventClock clock = Atomic.Load(ref _clock) ?? new EventClock(this);
            (Atomic.CompareExchange(ref _clock, clock, null) ?? clock).Wake();
        }
    }

    [NonEvent]
    private void TellFigures(IEventOwner owner)
    {
        if (!IsEnabled(EventLevel.Informational, Keywords.Statistics) || !owner.TryRead(out Ledger l))
        {
            return;
        }

        OwnerStatistics(
            owner.Id,
            l.AllocatedBytes,
            l.ThreadCachedBytes,
            l.DepotCachedBytes,
            l.CommittedBytes,
            l.ReservedBytes,
            l.PeakCommittedBytes,
            l.DepotMagazines,
            l.DepotExchanges,
            l.ReclaimedMagazines,
            (int)l.Threads,
            l.InjectedFaults);
        if (owner.Kind == OwnerKind.Buffers)
        {
            BufferStatistics(
                owner.Id,
                (int)l.LiveBuffers,
                (int)l.OrphanedBuffers,
                l.OrphanedBytes,
                (int)l.RevokedBuffers,
                (int)l.Importers,
                l.HandOvers,
                l.Acknowledgements,
                l.Revocations,
                l.Reclaims);
        }

        if (!IsEnabled(EventLevel.Verbose, Keywords.Statistics))
        {
            return;
        }

        Span<SizeClassStatistics> classes = stackalloc SizeClassStatistics[OwnerRegistry.MostClasses];
        foreach (ref readonly SizeClassStatistics one in classes[..owner.ReadClasses(classes)])
        {
            ClassStatistics(
                owner.Id, one.Code, one.BlockBytes, one.AllocatedBlocks, one.ThreadCachedBlocks + one.DepotCachedBlocks, one.Slabs, one.WasteBytes);
        }
    }

    [NonEvent]
    private void ReadArguments(IDictionary<string, string?>? arguments)
    {
        // What cannot be read is left as it was: a session must not fail for it, and there is nobody to tell.
        if (arguments is null)
        {
            return;
        }

        if (arguments.TryGetValue(SampleBytesArgument, out string? text)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes))
        {
            Atomic.Store(ref _sampleBytes, bytes);
        }

        if (arguments.TryGetValue(MostSamplesArgument, out text)
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long most))
        {
            Atomic.Store(ref _mostSamples, most);
        }

        if (arguments.TryGetValue(StatisticsMsArgument, out text)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds))
        {
            Atomic.Store(ref _statisticsMs, Math.Clamp(milliseconds, ShortestStatisticsMs, LongestStatisticsMs));
        }
    }
}
