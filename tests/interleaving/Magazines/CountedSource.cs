using MagAlloc.Interleaving.Exploration;
using MagAlloc.Magazines;

namespace MagAlloc.Interleaving.Magazines;

/// <summary>A source of the numbers 1 to n. Makes no atomic steps, so that only the engine's are explored.</summary>
internal readonly unsafe struct CountedSource : IMagazineSource
{
    private readonly SourceBook _book;

    public CountedSource(SourceBook book, long depotBudget)
    {
        _book = book;
        DepotBudget = depotBudget;
    }

    /// <inheritdoc/>
    public static bool RunsUserCode => false;

    /// <inheritdoc/>
    public long DepotBudget { get; }

    /// <inheritdoc/>
    public int Acquire(int code, nuint* into, int count)
    {
        _book.RequireSteps();
        int got = 0;
        bool[] isOut = _book.IsOut;
        for (int i = 1; i < isOut.Length && got < count; i++)
        {
            if (!isOut[i])
            {
                isOut[i] = true;
                into[got++] = (nuint)i;
            }
        }

        return got;
    }

    /// <inheritdoc/>
    public void Release(int code, nuint* resources, int count)
    {
        _book.RequireSteps();
        for (int i = 0; i < count && !_book.IsDiscarded; i++)
        {
            nuint resource = resources[i];
            Must.Hold(
                resource > 0 && resource < (nuint)_book.IsOut.Length && _book.IsOut[(int)resource],
                $"{resource} comes home, and was out");
            _book.IsOut[(int)resource] = false;
        }
    }
}
