namespace MagAlloc.Sharing.Platform;

/// <summary>What <see cref="MemoryFiles.AskLease"/> learnt.</summary>
internal enum LeaseAnswer
{
    /// <summary>No other opened description is alive.</summary>
    Free,

    /// <summary>One is.</summary>
    Held,

    /// <summary>The system grants no leases here.</summary>
    Refused,
}
