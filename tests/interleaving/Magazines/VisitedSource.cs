using MagAlloc.Interleaving.Exploration;
using MagAlloc.Magazines;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>A source of the numbers 1 to n with limits, whose caches are visited. Makes no atomic steps of its own.</summary>
internal readonly unsafe struct VisitedSource : IMagazineSource
{
    private readonly CountedSource _source;
    private readonly SourceBook _book;

    public VisitedSource(SourceBook book, long depotBudget)
    {
        _book = book;
        _source = new CountedSource(book, depotBudget);
    }

    /// <inheritdoc/>
    public static bool RunsUserCode => false;

    /// <inheritdoc/>
    public static bool KeepsLowest => true;

    /// <inheritdoc/>
    public static bool IsVisited => true;

    /// <inheritdoc/>
    public long DepotBudget => _source.DepotBudget;

    /// <inheritdoc/>
    public int Acquire(int code, nuint* into, int count) => _source.Acquire(code, into, count);

    /// <inheritdoc/>
    public int AcquireBelow(int code, nuint highest, nuint* into, int count)
    {
        // Downwards, so that what is in magazines is a mixture.
        _book.RequireSteps();
        int got = 0;
        for (int i = (int)Math.Min(highest, (nuint)(_book.IsOut.Length - 1)); i > 0 && got < count; i--)
        {
            if (!_book.IsOut[i])
            {
                _book.IsOut[i] = true;
                into[got++] = (nuint)i;
            }
        }

        return got;
    }

    /// <inheritdoc/>
    public void Release(int code, nuint* resources, int count) => _source.Release(code, resources, count);
}
