namespace MagAlloc.Iova;

/// <summary>What <see cref="IovaDomain.Reserve"/> did.</summary>
/// <remarks>
/// A reservation never touches what is in use: the kernel widens an allocation that lies in the way (<c>reserve_iova</c>), and
/// loses that part of the reservation when the allocation is freed. Here both are reported and stay apart.
/// </remarks>
public sealed class IovaReservation
{
    internal IovaReservation(IReadOnlyList<IovaRange> reserved, IReadOnlyList<IovaRange> overlapped)
    {
        Reserved = reserved;
        Overlapped = overlapped;
    }

    /// <summary>
    /// The pieces that are reserved now, ascending. Each is freed by <see cref="IovaDomain.Free(IovaRange)"/> of exactly that piece.
    /// </summary>
    public IReadOnlyList<IovaRange> Reserved { get; }

    /// <summary>
    /// Ranges that were in use already, ascending, each in full, also where it reaches beyond the request: allocations, cached ranges,
    /// earlier reservations.
    /// </summary>
    public IReadOnlyList<IovaRange> Overlapped { get; }

    /// <summary>Whether nothing was in the way.</summary>
    public bool IsComplete => Overlapped.Count == 0;
}
