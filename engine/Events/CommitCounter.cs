using System.Diagnostics.Tracing;
using MagAlloc.Concurrency;

namespace MagAlloc.Events;

/// <summary>An owner's committed bytes: a bounded counter whose every change can be an event.</summary>
internal sealed class CommitCounter : BoundedCounter
{
    private readonly long _owner;
    private PaddedLong _total;
    private PaddedLong _returned;

    public CommitCounter(long owner, long limit)
        : base(limit)
    {
        _owner = owner;
    }

    /// <summary>Bytes committed since the start, whatever has become of them.</summary>
    public long Total => Atomic.Load(ref _total.Value);

    /// <summary>Bytes given back since the start. Counted by itself: <see cref="Total"/> less the value is less for a moment while bytes are added.</summary>
    public long Returned => Atomic.Load(ref _returned.Value);

    /// <inheritdoc/>
    protected override void OnChanged(long change, long now)
    {
        if (change > 0)
        {
            Atomic.Add(ref _total.Value, change);
        }
        else
        {
            Atomic.Add(ref _returned.Value, -change);
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
}
