namespace MagAlloc.Magazines;

/// <summary>An engine as the threads that hold caches of it see it.</summary>
internal interface ICacheOwner
{
    /// <summary>Unique in the process, never 0, never used again.</summary>
    long Id { get; }

    /// <summary>Whether its end has begun: no thread gets into it any more.</summary>
    bool IsClosed { get; }

    /// <summary>Whether <see cref="Reap"/> may run on the finalizer thread.</summary>
    bool ReapsOnFinalizer { get; }

    /// <summary>A guest leaves.</summary>
    void Leave();

    /// <summary>Brings home what a dead thread's cache holds, unless somebody else has.</summary>
    /// <param name="node">The thread's node.</param>
    /// <param name="seen">The node while it belonged to that thread.</param>
    void Reap(CacheNode node, CacheTicket seen);
}
