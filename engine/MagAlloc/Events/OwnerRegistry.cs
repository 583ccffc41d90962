using MagAlloc.Concurrency;

namespace MagAlloc.Events;

/// <summary>The living heaps, pools, caches, domains and queues of buffers. Holds none of them alive.</summary>
/// <remarks>
/// An immutable list that is replaced by compare-and-swap: readers hold no lock while they talk to owners. An owner is
/// on the list from its <see cref="Announce"/> to its <see cref="Withdraw"/>, so whoever is listed is complete, and the
/// one call that takes an owner off the list tells its end.
/// </remarks>
internal sealed class OwnerRegistry
{
    /// <summary>Upper bound on the classes of an owner: a byte numbers them.</summary>
    public const int MostClasses = 256;

    public static readonly OwnerRegistry Instance = new();

    private WeakReference<IEventOwner>[]? _owners = [];
    private Action? _whenFirst;

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

    /// <summary>
    /// Called once, by whichever thread adds the first owner after it was set: who never makes a heap pays nothing.
    /// </summary>
    /// <param name="action">Throws nothing.</param>
    public void WhenFirst(Action action) => Atomic.Exchange(ref _whenFirst, action);

    /// <summary>Lists a complete owner and tells its birth. Once, on the thread that made it.</summary>
    /// <param name="owner">The owner.</param>
    /// <param name="faults">Plan asked first, or null.</param>
    /// <exception cref="OutOfMemoryException">There is no memory for it; the owner may be listed, and is to be ended as
    /// ever.</exception>
    public void Announce(IEventOwner owner, FaultPlan? faults)
    {
        ThrowIfPlanned(owner, faults);
        Atomic.Exchange(ref _whenFirst, null)?.Invoke();
        Replace(owners => [.. owners.Where(static other => other.TryGetTarget(out _)), new WeakReference<IEventOwner>(owner)]);
        MagAllocEventSource.Log.Announce(owner);
    }

    /// <summary>
    /// Tells the last figures and the end of an owner that is about to be released, and takes it off the list. One that
    /// is not listed: nothing.
    /// </summary>
    /// <remarks>
    /// An owner whose construction failed is not listed: nobody asks it for figures that it has not got. Never fails:
    /// where there is no memory for a list without the owner, the list goes on naming it, weakly, and passes over it
    /// until the next change.
    /// </remarks>
    /// <param name="owner">The owner.</param>
    /// <param name="faults">Plan asked first, or null.</param>
    public void Withdraw(IEventOwner owner, FaultPlan? faults)
    {
        try
        {
            if (!Lists(Atomic.Load(ref _owners)!, owner))
            {
                return;
            }

            ThrowIfPlanned(owner, faults);
            if (Lists(Replace(owners => [.. owners.Where(other => other.TryGetTarget(out IEventOwner? living) && living != owner)]), owner))
            {
                MagAllocEventSource.Log.Bury(owner);
            }
        }
        catch (OutOfMemoryException)
        {
            // A release needs no memory.
        }
    }

    private static bool Lists(WeakReference<IEventOwner>[] owners, IEventOwner owner)
        => owners.Any(other => other.TryGetTarget(out IEventOwner? living) && living == owner);

    /// <returns>The list that was replaced.</returns>
    private WeakReference<IEventOwner>[] Replace(Func<WeakReference<IEventOwner>[], WeakReference<IEventOwner>[]> change)
    {
        WeakReference<IEventOwner>[]? seen = Atomic.Load(ref _owners);
        while (true)
        {
            WeakReference<IEventOwner>[]? now = Atomic.CompareExchange(ref _owners, change(seen!), seen);
            if (ReferenceEquals(now, seen))
            {
                return seen!;
            }

            seen = now;
        }
    }

    private static void ThrowIfPlanned(IEventOwner owner, FaultPlan? faults)
    {
        if (FaultPlan.Fails(faults, FaultPoint.Listing))
        {
            throw new OutOfMemoryException($"{owner.Name}: no memory to list the {owner.Kind} for events and instruments.");
        }
    }
}
