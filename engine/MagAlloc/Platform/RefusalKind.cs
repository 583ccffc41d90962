namespace MagAlloc.Platform;

/// <summary>What refused a step that needed memory or addresses.</summary>
internal enum RefusalKind
{
    /// <summary>Nobody said.</summary>
    Unknown,

    /// <summary>The owner's own limit on committed bytes.</summary>
    ByteLimit,

    /// <summary>There is no such range free in the owner's reservation.</summary>
    Reservation,

    /// <summary>The machine or a control group has not got so much (<see cref="SystemMemory"/>).</summary>
    Memory,

    /// <summary>The operating system refused a call.</summary>
    System,

    /// <summary>A fault plan.</summary>
    Injected,
}
