namespace MagAlloc.Events;

/// <summary>A heap, pool, cache or domain as events and instruments see it. Any thread, any time.</summary>
internal interface IEventOwner
{
    /// <summary>Unique in the process, never 0, never used again.</summary>
    long Id { get; }

    string Name { get; }

    /// <summary>A value of <see cref="OwnerKind"/>.</summary>
    string Kind { get; }

    /// <returns>False when the owner is disposed.</returns>
    bool TryGetFigures(out OwnerFigures figures);

    /// <summary>Figures of the classes in use.</summary>
    /// <param name="into">Room for <see cref="OwnerRegistry.MostClasses"/>.</param>
    /// <returns>How many were written; 0 when the owner is disposed.</returns>
    int GetClassFigures(Span<ClassFigures> into);

    /// <summary>Writes the exchanges that no event has told of yet, of all threads.</summary>
    /// <param name="beforeBeat">Only of threads that have not exchanged since this beat of the clock.</param>
    /// <param name="discard">Forgets them instead: they happened before anybody listened.</param>
    void ReportExchanges(int beforeBeat, bool discard);

    /// <summary>A session has begun, changed or ended: threads shall sample as <see cref="MagAllocEventSource.MeanBytes"/> says.</summary>
    void FollowSessions();
}
