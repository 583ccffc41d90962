namespace MagAlloc.Bench.Reporting.Charts;

/// <summary>A contender's colour: the same in every chart, and to be told from the others on a light and on a dark ground.</summary>
internal sealed class Palette
{
    /// <summary>Of the best native peer, whichever it is.</summary>
    public const string BestPeer = "#1c7ed6";

    private static readonly Dictionary<string, string> s_known = new()
    {
        ["magalloc"] = "#e8590c",
        ["magalloc-handle"] = "#f5a524",
        ["magalloc-pool"] = "#b08968",
        ["native-memory"] = "#868e96",
        ["mimalloc"] = "#1c7ed6",
        ["jemalloc"] = "#2f9e44",
        ["tcmalloc"] = "#8b5cf6",
        ["tbbmalloc"] = "#0ca5a5",
        ["array-pool"] = "#d6336c",
        ["memory-pool"] = "#f783ac",
    };

    private static readonly string[] s_others = ["#4dabf7", "#82c91e", "#cc5de8", "#5c7cfa", "#a07d1c", "#12b886", "#fa5252", "#748ffc"];

    private readonly Dictionary<string, string> _colours = [];

    /// <param name="contenders">In the order of the tables: those without a colour of their own take the free ones in this order.</param>
    public Palette(IEnumerable<string> contenders)
    {
        int others = 0;
        foreach (string contender in contenders)
            _colours[contender] = s_known.GetValueOrDefault(contender) ?? s_others[others++ % s_others.Length];
    }

    public string this[string contender] => _colours[contender];
}
