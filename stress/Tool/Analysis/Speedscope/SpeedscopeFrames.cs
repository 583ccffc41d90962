namespace MagAlloc.Tool.Analysis.Speedscope;

/// <summary>The frames of all profiles of a file, each once, by number.</summary>
internal sealed class SpeedscopeFrames
{
    private readonly Dictionary<string, int> _numbers = [];
    private readonly List<string> _names = [];

    public IReadOnlyList<string> Names => _names;

    public int this[string name]
    {
        get
        {
            if (!_numbers.TryGetValue(name, out int number))
            {
                _numbers.Add(name, number = _names.Count);
                _names.Add(name);
            }

            return number;
        }
    }
}
