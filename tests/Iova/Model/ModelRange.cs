namespace MagAlloc.Tests.Iova.Model;

/// <summary>A range that somebody holds.</summary>
/// <param name="First">Lowest page frame.</param>
/// <param name="Last">Highest page frame.</param>
/// <param name="Kind">How it was obtained.</param>
/// <param name="Size">Granules asked for; a fast range may be larger.</param>
internal readonly record struct ModelRange(ulong First, ulong Last, ModelKind Kind, ulong Size)
{
    public IovaRange Range => new(First, Last);

    public ulong Units => Last - First + 1;
}
