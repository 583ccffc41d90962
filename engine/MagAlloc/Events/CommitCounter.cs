using System.Diagnostics.Tracing;
using MagAlloc.Concurrency;

namespace MagAlloc.Events;

/// <summary>An owner's committed bytes: a bounded counter whose every change can be an event, and whose growth is claimed from the process's budget.</summary>
/// <remarks>
/// What is claimed runs ahead of the value by up to an eighth, so that only one commit in many asks; it is moved by compare-and-swap, by whoever has claimed the
/// difference before or gives it back behind. A value that falls far below lets go of it, on whichever thread. Two changes at once may leave the claim behind the
/// value by what they changed: the next growth catches up.
/// </remarks>
internal sealed class CommitCounter : BoundedCounter
{
    // What an owner may commit unasked, and most of what it may be ahead: less than any container that a .NET process starts in.
    private const long Step = 8 << 20;
    private const int StepShare = 8;

    // No sum is above it: nothing is claimed any more.
    private const long Closed = long.MaxValue;

    private readonly long _owner;
    private readonly CommitBudget _budget;
    private PaddedLong _total;
    private PaddedLong _returned;
    private long _asked = Step;

    public CommitCounter(long owner, long limit, CommitBudget? budget = null)
        : base(limit)
    {
        _owner = owner;
        _budget = budget ?? CommitBudget.Instance;
    }

    /// <summary>Where growth is claimed from.</summary>
    public CommitBudget Budget => _budget;

    /// <summary>Bytes committed since the start, whatever has become of them.</summary>
    public long Total => Atomic.Load(ref _total.Value);

    /// <summary>Bytes given back since the start. Counted by itself: <see cref="Total"/> less the value is less for a moment while bytes are added.</summary>
    public long Returned => Atomic.Load(ref _returned.Value);

    public void Read(ref Ledger ledger)
    {
        ledger.CommittedBytes = Value;
        ledger.PeakCommittedBytes = Peak;
        ledger.ObtainedBytes = Total;
        ledger.ReturnedBytes = Returned;
    }

    protected override void OnChanged(long change, long now)
    {
        if (change > 0)
        {
            Atomic.Add(ref _total.Value, change);
        }
        else
        {
            Atomic.Add(ref _returned.Value, -change);
            LetGo(now);
        }

        MagAllocEventSource log = MagAllocEventSource.Log;
        if (log.IsEnabled(EventLevel.Informational, MagAllocEventSource.Keywords.Commit))
        {
            if (change > 0)
            {
                log.Committed(_owner, change, now);
            }
            else
            {
                log.Decommitted(_owner, -change, now);
            }
        }
    }

    public override bool MayAdd(long amount)
    {
        if (amount <= 0 || Value + amount <= _asked)
        {
            return true;
        }

        long more = Value + amount - Atomic.Load(ref _asked);
        bool granted = more <= 0 || _budget.TryClaim(more);
        if (granted && more > 0)
        {
            _budget.Drop(more);
        }

        return granted;
    }

    /// <summary>The owner ends: its memory is given back as a whole. What it still changes claims nothing. Idempotent.</summary>
    public void Close()
    {
        long asked = Atomic.Exchange(ref _asked, Closed);
        if (asked != Closed)
        {
            _budget.Release(asked - Step);
        }
    }

    protected override bool Admits(long sum)
    {
        // Plain: one that is behind asks once more.
        return sum <= _asked || TryAsk(sum);
    }

    private static long Ahead(long value) => Math.Min(Step, value / StepShare);

    private bool TryAsk(long sum)
    {
        while (true)
        {
            long asked = Atomic.Load(ref _asked);
            if (sum <= asked)
            {
                return true;
            }

            long more = sum - asked + Ahead(sum);
            if (!_budget.TryClaim(more))
            {
                more = sum - asked;
                if (!_budget.TryClaim(more))
                {
                    return false;
                }
            }

            if (Atomic.CompareExchange(ref _asked, asked + more, asked) == asked)
            {
                _budget.Settle(more);
                return true;
            }

            _budget.Drop(more);
        }
    }

    private void LetGo(long now)
    {
        long asked = _asked;
        long enough = Math.Max(Step, now + Ahead(now));
        if (asked == Closed || asked - enough < Step)
        {
            return;
        }

        if (Atomic.CompareExchange(ref _asked, enough, asked) == asked)
        {
            _budget.Release(asked - enough);
        }
    }
}
