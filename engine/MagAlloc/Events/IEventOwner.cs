namespace MagAlloc.Events;

/// <summary>A heap, pool, cache, domain or queue of buffers as events and instruments see it. Any thread, any time.</summary>
internal interface IEventOwner
{
    /// <summary>Unique in the process, never 0, never used again.</summary>
    long Id { get; }

    string Name { get; }

    /// <summary>A value of <see cref="OwnerKind"/>.</summary>
    string Kind { get; }

    /// <returns>False when the owner is disposed.</returns>
    bool TryRead(out Ledger ledger);

    /// <summary>Reads the books of the classes in use.</summary>
    /// <param name="into">Room for <see cref="OwnerRegistry.MostClasses"/>.</param>
    /// <returns>How many were written; 0 when the owner is disposed, or has no classes.</returns>
    int ReadClasses(Span<SizeClassStatistics> into) => 0;

    /// <summary>Writes the exchanges that no event has told of yet, of all threads. Owners without magazines have none.</summary>
    /// <param name="beforeBeat">Only of threads that have not exchanged since this beat of the clock.</param>
    /// <param name="discard">Forgets them instead: they happened before anybody listened.</param>
    void ReportExchanges(int beforeBeat, bool discard)
    {
    }

    /// <summary>A session has begun, changed or ended: threads shall sample as <see cref="MagAllocEventSource.MeanBytes"/> says.</summary>
    /// <remarks>Only what has bytes is sampled; and no ranges, because a visitor may empty a magazine at any moment, what was displaced in it included.</remarks>
    void FollowSessions()
    {
    }
}
