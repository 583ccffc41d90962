using System.Collections.Immutable;

namespace MagAlloc.Events;

/// <summary>The owners at one moment. Immutable; holds none of them alive.</summary>
/// <remarks>
/// Owners of one name and kind are one series of the meter, and its counters must not fall when one of several is disposed of: what it had counted is
/// kept for as long as another one of them lives. Both in one object, so that a reader finds an owner among the living or in the sums.
/// </remarks>
internal sealed class OwnerCensus
{
    public static readonly OwnerCensus Empty = new([], ImmutableDictionary<(string Name, string Kind), RetiredFigures>.Empty);

    private readonly WeakReference<IEventOwner>[] _owners;

    private OwnerCensus(WeakReference<IEventOwner>[] owners, ImmutableDictionary<(string Name, string Kind), RetiredFigures> retired)
    {
        _owners = owners;
        Retired = retired;
    }

    /// <summary>By name and kind of living owners.</summary>
    public ImmutableDictionary<(string Name, string Kind), RetiredFigures> Retired { get; }

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

    public bool Has(IEventOwner owner) => Living.Any(living => ReferenceEquals(living, owner));

    public OwnerCensus With(IEventOwner owner)
        => new([.. _owners.Where(static other => other.TryGetTarget(out _)), new WeakReference<IEventOwner>(owner)], Retired);

    /// <param name="owner">Is not among the living any more.</param>
    /// <param name="last">What it had counted.</param>
    public OwnerCensus Without(IEventOwner owner, in RetiredFigures last)
    {
        OwnerCensus left = new([.. _owners.Where(other => other.TryGetTarget(out IEventOwner? living) && !ReferenceEquals(living, owner))], Retired);
        var keys = left.Living.Select(KeyOf).ToHashSet();
        ImmutableDictionary<(string Name, string Kind), RetiredFigures> retired = Retired.RemoveRange(Retired.Keys.Where(key => !keys.Contains(key)));
        if (keys.Contains(KeyOf(owner)))
        {
            retired = retired.SetItem(KeyOf(owner), retired.GetValueOrDefault(KeyOf(owner)).Plus(in last));
        }

        return new OwnerCensus(left._owners, retired);
    }

    public static (string Name, string Kind) KeyOf(IEventOwner owner) => (owner.Name, owner.Kind);
}
