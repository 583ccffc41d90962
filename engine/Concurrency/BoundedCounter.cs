namespace MagAlloc.Concurrency;

/// <summary>A shared count with an upper bound and a record of its peak. Lock-free; for cold paths.</summary>
internal sealed class BoundedCounter
{
    private PaddedLong _value;
    private PaddedLong _peak;

    public BoundedCounter(long limit)
    {
        Limit = limit;
    }

    public long Limit { get; }

    public long Value => Atomic.Load(ref _value.Value);

    public long Peak => Atomic.Load(ref _peak.Value);

    /// <summary>Adds <paramref name="amount"/>, which is not negative, unless the sum would pass the limit.</summary>
    /// <remarks>
    /// A compare-and-swap loop rather than add-then-undo: an overshoot that is undone would make a concurrent request
    /// fail that fits.
    /// </remarks>
    public bool TryAdd(long amount)
    {
        long seen = Atomic.Load(ref _value.Value);
        while (true)
        {
            // Not seen + amount > Limit, and not amount > Limit - seen: this form cannot overflow for any amount.
            if (seen > Limit - amount)
            {
                return false;
            }

            long now = Atomic.CompareExchange(ref _value.Value, seen + amount, seen);
            if (now == seen)
            {
                RecordPeak(seen + amount);
                return true;
            }

            seen = now;
        }
    }

    public void Subtract(long amount) => Atomic.Add(ref _value.Value, -amount);

    private void RecordPeak(long value)
    {
        long peak = Atomic.Load(ref _peak.Value);
        while (value > peak)
        {
            long now = Atomic.CompareExchange(ref _peak.Value, value, peak);
            if (now == peak)
            {
                return;
            }

            peak = now;
        }
    }
}
