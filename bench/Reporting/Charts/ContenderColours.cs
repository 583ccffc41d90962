using MagAlloc.Tooling.Reporting.Html;

namespace MagAlloc.Bench.Reporting.Charts;

/// <summary>A contender's colour, as a number of the palette: the same in every chart.</summary>
internal sealed class ContenderColours
{
    /// <summary>Of the best native peer, whichever it is.</summary>
    public const int BestPeer = 10;

    private static readonly Dictionary<string, int> s_known = new()
    {
        ["magalloc"] = 2,
        ["magalloc-handle"] = 4,
        ["magalloc-pool"] = 9,
        ["native-memory"] = 8,
        ["mimalloc"] = 10,
        ["jemalloc"] = 3,
        ["tcmalloc"] = 7,
        ["tbbmalloc"] = 5,
        ["array-pool"] = 6,
        ["memory-pool"] = 12,
    };

    private static readonly int[] s_others = [.. Enumerable.Range(1, Palette.Count).Except(s_known.Values)];

    private readonly Dictionary<string, int> _colours = [];

    /// <param name="contenders">In the order of the tables: those without a colour of their own take the free ones in this order.</param>
    public ContenderColours(IEnumerable<string> contenders)
    {
        int others = 0;
        foreach (string contender in contenders)
            _colours[contender] = s_known.TryGetValue(contender, out int known) ? known : s_others[others++ % s_others.Length];
    }

    public int this[string contender] => _colours[contender];
}
