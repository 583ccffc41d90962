namespace MagAlloc.Tests.Iova.Model;

/// <summary>Where the documented rule puts a range when nothing is cached.</summary>
/// <remarks>
/// The highest place. For sizes that are not an aligned power of two: first the highest wholly free aligned block of the
/// power of two that covers the size (its upper end when no alignment was asked for), and the highest place only when there is none.
/// </remarks>
internal readonly record struct Placement(bool Possible, ulong First)
{
    public static Placement Foretell(IovaModel model, ulong units, ulong alignment, ulong limit)
    {
        ulong cover = System.Numerics.BitOperations.RoundUpToPowerOf2(units);
        if (model.TryHighest(cover, cover, limit, out ulong block))
        {
            return new Placement(true, alignment == 1 ? block + cover - units : block);
        }

        return new Placement(model.TryHighest(units, alignment, limit, out ulong first), first);
    }

    public void Require(ulong first)
    {
        IovaModel.Require(Possible, $"{first} was handed out, but nothing fits");
        IovaModel.Require(first == First, $"the rule places it at {First}, not at {first}");
    }
}
