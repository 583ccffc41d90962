using MagAlloc.Platform;

namespace MagAlloc.Concurrency;

/// <summary>A shared count with an upper bound and a record of its peak. Lock-free; for cold paths.</summary>
internal class BoundedCounter(long limit)
{
    private PaddedLong _value;
    private PaddedLong _peak;

    public long Limit { get; } = limit;

    /// <summary>What of the owner's is claimed, or charged here, for a moment only.</summary>
    public Transit Transit { get; } = new();

    public long Value => Atomic.Load(ref _value.Value);

    public long Peak => Atomic.Load(ref _peak.Value);

    /// <summary>Adds <paramref name="amount"/>, which is not negative, unless the sum would pass the limit.</summary>
    /// <remarks>
    /// A compare-and-swap loop rather than add-then-undo: an overshoot that is undone would make a concurrent request
    /// fail that fits.
    /// </remarks>
    /// <param name="amount">What is added.</param>
    /// <param name="quietly">Leaves it to the caller to <see cref="Tell"/>, once whoever is told may call back.</param>
    public bool TryAdd(long amount, bool quietly = false)
    {
        long seen = Atomic.Load(ref _value.Value);
        while (true)
        {
            // Not seen + amount > Limit, and not amount > Limit - seen: this form cannot overflow for any amount.
            if (seen > Limit - amount)
            {
                Refusal.Note(RefusalKind.ByteLimit);
                return false;
            }

            if (!Admits(seen + amount))
            {
                return false;
            }

            long now = Atomic.CompareExchange(ref _value.Value, seen + amount, seen);
            if (now == seen)
            {
                Atomic.Raise(ref _peak.Value, seen + amount);
                if (!quietly)
                {
                    OnChanged(amount, seen + amount);
                }

                return true;
            }

            seen = now;
        }
    }

    /// <summary>Whether a further bound than the limit would admit so much more now. For steps that would have to be undone.</summary>
    public virtual bool MayAdd(long amount) => true;

    public void Subtract(long amount)
    {
        long now = Atomic.Add(ref _value.Value, -amount);
        if (amount != 0)
        {
            OnChanged(-amount, now);
        }
    }

    /// <summary>Tells of an amount that was added quietly.</summary>
    public void Tell(long amount) => OnChanged(amount, Value);

    /// <summary>For whoever wants to be told of changes. Called behind each, on the thread that made it; must not throw.</summary>
    /// <param name="change">What was added; negative where it was subtracted.</param>
    /// <param name="now">The value that this change led to.</param>
    protected virtual void OnChanged(long change, long now)
    {
    }

    /// <summary>For whoever knows a further bound. Asked before each addition; may be asked more than once for one.</summary>
    /// <param name="sum">What the value would be.</param>
    protected virtual bool Admits(long sum) => true;
}
