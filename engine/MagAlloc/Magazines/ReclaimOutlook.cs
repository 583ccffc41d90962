namespace MagAlloc.Magazines;

/// <summary>What a reclaim pass leaves for the next one.</summary>
internal enum ReclaimOutlook
{
    /// <summary>Nothing; whoever brings memory home arms the worker again.</summary>
    Nothing,

    /// <summary>Threads are alive that may end unnoticed; look again, ever less often.</summary>
    Watching,

    /// <summary>More to reclaim after the next interval.</summary>
    Pending,
}
