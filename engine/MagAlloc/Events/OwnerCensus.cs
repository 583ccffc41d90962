namespace MagAlloc.Events;

/// <summary>The owners at one moment. Never changed; holds none of them alive.</summary>
/// <remarks>
/// Owners of one name and kind are one series of the meter, and its counters must not fall when one of several is disposed of: what it had counted is
/// kept for as long as another one of them lives. Both in one object, so that a reader finds an owner among the living or in the sums.
/// </remarks>
internal sealed class OwnerCensus
{
    public static readonly OwnerCensus Empty = new([], null);

    private readonly WeakReference<IEventOwner>[] _owners;

    // By name and kind of living owners; null while there are none, which is nearly always.
    private readonly Dictionary<(string Name, string Kind), RetiredFigures>? _retired;

    private OwnerCensus(WeakReference<IEventOwner>[] owners, Dictionary<(string Name, string Kind), RetiredFigures>? retired)
    {
        _owners = owners;
        _retired = retired;
    }

    public IEnumerable<IEventOwner> Living
    {
        get
        {
            foreach (WeakReference<IEventOwner> reference in _owners)
            {
                if (reference.TryGetTarget(out IEventOwner? owner))
                {
                    yield return owner;
                }
            }
        }
    }

    /// <summary>What disposed owners of the same name and kind had counted.</summary>
    public RetiredFigures RetiredBeside(IEventOwner owner) => _retired?.GetValueOrDefault(KeyOf(owner)) ?? default;

    /// <summary>Another living owner has the same name and kind.</summary>
    private bool HasAnotherLike(IEventOwner owner) => Living.Any(living => !ReferenceEquals(living, owner) && KeyOf(living) == KeyOf(owner));

    public OwnerCensus With(IEventOwner owner)
        => new([.. _owners.Where(static other => other.TryGetTarget(out _)), new WeakReference<IEventOwner>(owner)], _retired);

    /// <param name="owner">Is not among the living any more.</param>
    /// <param name="last">What it had counted.</param>
    public OwnerCensus Without(IEventOwner owner, in RetiredFigures last)
    {
        WeakReference<IEventOwner>[] owners = [.. _owners.Where(other => other.TryGetTarget(out IEventOwner? living) && !ReferenceEquals(living, owner))];
        bool goesOn = HasAnotherLike(owner);
        if (_retired is null && !goesOn)
        {
            return new OwnerCensus(owners, null);
        }

        var keys = Living.Where(living => !ReferenceEquals(living, owner)).Select(KeyOf).ToHashSet();
        var retired = (_retired ?? []).Where(series => keys.Contains(series.Key)).ToDictionary();
        if (goesOn)
        {
            retired[KeyOf(owner)] = RetiredBeside(owner).Plus(in last);
        }

        return new OwnerCensus(owners, retired.Count == 0 ? null : retired);
    }

    public static (string Name, string Kind) KeyOf(IEventOwner owner) => (owner.Name, owner.Kind);
}
