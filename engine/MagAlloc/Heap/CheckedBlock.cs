using System.Diagnostics;

namespace MagAlloc;

/// <summary>What full checks know of one block.</summary>
internal sealed class CheckedBlock
{
    /// <summary>What the caller holds.</summary>
    public required nuint Address { get; init; }

    /// <summary>What the core handed out: the block with its red zones.</summary>
    public required nuint Raw { get; init; }

    /// <summary>Usable bytes from <see cref="Raw"/>.</summary>
    public required nuint RawBytes { get; init; }

    /// <summary>Bytes that the caller asked for, or last kept.</summary>
    public required nuint Bytes { get; set; }

    /// <summary>Position in the order of allocations.</summary>
    public required long Sequence { get; init; }

    public required int ThreadId { get; init; }

    public required StackTrace AllocatedAt { get; init; }

    public StackTrace? FreedAt { get; set; }
}
