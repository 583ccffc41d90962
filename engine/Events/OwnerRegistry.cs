using MagAlloc.Concurrency;

namespace MagAlloc.Events;

/// <summary>The living heaps, pools, caches and domains. Holds none of them alive.</summary>
/// <remarks>An immutable array that is replaced by compare-and-swap: readers hold no lock while they talk to owners.</remarks>
internal sealed class OwnerRegistry
{
    /// <summary>Upper bound on the classes of an owner: a byte numbers them.</summary>
    public const int MostClasses = 256;

    public static readonly OwnerRegistry Instance = new();

    private WeakReference<IEventOwner>[]? _owners = [];
    private Action? _whenFirst;

    /// <summary>Called once, by whichever thread adds the first owner after it was set: who never makes a heap pays nothing.</summary>
    public void WhenFirst(Action action) => Atomic.Exchange(ref _whenFirst, action);

    /// <summary>The owners that live now.</summary>
    public IEnumerable<IEventOwner> Living
    {
        get
        {
            foreach (WeakReference<IEventOwner> reference in Atomic.Load(ref _owners)!)
            {
                if (reference.TryGetTarget(out IEventOwner? owner))
                {
                    yield return owner;
                }
            }
        }
    }

    /// <summary>An owner is complete: it is listed from now on, and its birth is told.</summary>
    public void Add(IEventOwner owner)
    {
        Atomic.Exchange(ref _whenFirst, null)?.Invoke();
        var reference = new WeakReference<IEventOwner>(owner);
        Replace(owners => [.. owners.Where(static other => other.TryGetTarget(out _)), reference]);
        MagAllocEventSource.Log.Announce(owner);
    }

    /// <summary>An owner is about to be disposed: its last figures and its end are told. Once an owner.</summary>
    public void Remove(IEventOwner owner)
    {
        bool removed = false;
        Replace(owners =>
        {
            WeakReference<IEventOwner>[] left = [.. owners.Where(other => other.TryGetTarget(out IEventOwner? living) && !ReferenceEquals(living, owner))];
            removed = owners.Any(other => other.TryGetTarget(out IEventOwner? living) && ReferenceEquals(living, owner));
            return left;
        });
        if (removed)
        {
            MagAllocEventSource.Log.Bury(owner);
        }
    }

    private void Replace(Func<WeakReference<IEventOwner>[], WeakReference<IEventOwner>[]> change)
    {
        WeakReference<IEventOwner>[]? seen = Atomic.Load(ref _owners);
        while (true)
        {
            WeakReference<IEventOwner>[]? now = Atomic.CompareExchange(ref _owners, change(seen!), seen);
            if (ReferenceEquals(now, seen))
            {
                return;
            }

            seen = now;
        }
    }
}
