namespace MagAlloc.Tests.Iova.Support;

/// <summary>Who holds each granule: the witness that no two live ranges overlap. Any thread.</summary>
/// <param name="units">Granules of the domain, from page frame 0.</param>
internal sealed class OwnerMap(int units)
{
    private readonly int[] _owners = new int[units];

    public void Take(IovaRange range, int owner)
    {
        for (ulong pfn = range.First; pfn <= range.Last; pfn++)
        {
            int other = Interlocked.CompareExchange(ref _owners[pfn], owner, 0);
            if (other != 0)
            {
                throw new InvalidOperationException($"{range} was handed to {owner}, but {pfn} belongs to {other}");
            }
        }
    }

    /// <summary>Before the domain hears of it: from its free on the granules may be anybody's.</summary>
    public void Drop(IovaRange range, int owner)
    {
        for (ulong pfn = range.First; pfn <= range.Last; pfn++)
        {
            int other = Interlocked.CompareExchange(ref _owners[pfn], 0, owner);
            if (other != owner)
            {
                throw new InvalidOperationException($"{pfn} of {owner}'s {range} belongs to {other}");
            }
        }
    }
}
