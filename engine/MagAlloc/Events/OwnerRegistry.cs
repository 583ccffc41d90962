using MagAlloc.Concurrency;

namespace MagAlloc.Events;

/// <summary>The living heaps, pools, caches, domains and queues of buffers. Holds none of them alive.</summary>
/// <remarks>
/// An immutable census that is replaced by compare-and-swap: readers hold no lock while they talk to owners. Owners come and go through their
/// <see cref="Announcement"/> only, so that whoever is listed is complete.
/// </remarks>
internal sealed class OwnerRegistry
{
    /// <summary>Upper bound on the classes of an owner: a byte numbers them.</summary>
    public const int MostClasses = 256;

    public static readonly OwnerRegistry Instance = new();

    private OwnerCensus? _census = OwnerCensus.Empty;
    private Action? _whenFirst;

    /// <summary>Called once, by whichever thread adds the first owner after it was set: who never makes a heap pays nothing.</summary>
    /// <param name="action">Throws nothing.</param>
    public void WhenFirst(Action action) => Atomic.Exchange(ref _whenFirst, action);

    /// <summary>The owners as they are now.</summary>
    public OwnerCensus Census => Atomic.Load(ref _census)!;

    /// <summary>The owners that live now.</summary>
    public IEnumerable<IEventOwner> Living => Census.Living;

    /// <summary>Lists an owner.</summary>
    public void Add(IEventOwner owner)
    {
        Atomic.Exchange(ref _whenFirst, null)?.Invoke();
        Replace(census => census.With(owner));
    }

    /// <summary>Takes an owner off the list.</summary>
    /// <param name="owner">Is on it.</param>
    /// <param name="last">What it had counted.</param>
    public void Remove(IEventOwner owner, RetiredFigures last) => Replace(census => census.Without(owner, in last));

    private void Replace(Func<OwnerCensus, OwnerCensus> change)
    {
        OwnerCensus? seen = Atomic.Load(ref _census);
        while (true)
        {
            OwnerCensus? now = Atomic.CompareExchange(ref _census, change(seen!), seen);
            if (ReferenceEquals(now, seen))
            {
                return;
            }

            seen = now;
        }
    }
}
