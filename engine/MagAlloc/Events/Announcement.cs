using MagAlloc.Concurrency;

namespace MagAlloc.Events;

/// <summary>What the world is told of an owner: its birth when it is complete, its end when that was told. A field of the owner.</summary>
/// <remarks>
/// <para>An owner whose construction failed was never announced. Its end asks nobody for figures that it has not got, and touches
/// nothing that others use: what it has it just gives back.</para>
/// <para>States: silent, announced, withdrawn, each left once and for the next only. Any thread withdraws.</para>
/// </remarks>
internal struct Announcement
{
    private const int Announced = 1;
    private const int Withdrawn = 2;

    private int _state;

    /// <summary>The owner is complete: it is listed from now on, and its birth is told. Once, on the thread that made it.</summary>
    /// <param name="owner">Whose field this is.</param>
    /// <param name="faults">Plan asked first, or null.</param>
    /// <exception cref="OutOfMemoryException">There is no memory for it; the owner may be listed, and is to be ended as ever.</exception>
    public void Make(IEventOwner owner, FaultPlan? faults)
    {
        if (FaultPlan.Fails(faults, FaultPoint.Listing))
        {
            throw NoMemory(owner);
        }

        OwnerRegistry.Instance.Add(owner);
        Atomic.Store(ref _state, Announced);
        MagAllocEventSource.Log.Announce(owner);
    }

    /// <summary>The owner is about to be released: its last figures and its end are told, if its birth was. Again: nothing.</summary>
    /// <remarks>
    /// Before the release, so that no reader of a series finds it without both the owner and what it had counted. Never fails: where there
    /// is no memory for a list without the owner, the list goes on naming it, weakly, and passes over it until the next change.
    /// </remarks>
    public void Withdraw(IEventOwner owner, FaultPlan? faults)
    {
        if (Atomic.Load(ref _state) != Announced)
        {
            return;
        }

        try
        {
            // Read by whoever comes here, told by the first: another one may be at the release already.
            RetiredFigures last = RetiredFigures.Of(owner);
            if (Atomic.CompareExchange(ref _state, Withdrawn, Announced) != Announced)
            {
                return;
            }

            if (FaultPlan.Fails(faults, FaultPoint.Listing))
            {
                throw NoMemory(owner);
            }

            OwnerRegistry.Instance.Remove(owner, last);
            MagAllocEventSource.Log.Bury(owner);
        }
        catch (OutOfMemoryException)
        {
            // A release needs no memory.
        }
    }

    private static OutOfMemoryException NoMemory(IEventOwner owner) => new($"{owner.Name}: no memory to list the {owner.Kind} for events and instruments.");
}
