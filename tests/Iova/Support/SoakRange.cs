namespace MagAlloc.Tests.Iova.Support;

/// <summary>A range that a thread of a soak holds.</summary>
/// <param name="Range">The range.</param>
/// <param name="FastSize">The size that it was asked for with by a Fast call; 0 for a plain one.</param>
internal readonly record struct SoakRange(IovaRange Range, ulong FastSize)
{
    public void Free(IovaDomain domain)
    {
        if (FastSize != 0)
        {
            domain.FreeFast(Range.First, FastSize);
        }
        else if (!(Range.First % 2 == 0 ? domain.Free(Range) : domain.Free(Range.Last)))
        {
            throw new InvalidOperationException($"{Range} was held and could not be freed");
        }
    }
}
