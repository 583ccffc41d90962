using System.Text.Json.Serialization;

namespace MagAlloc.Tool.Analysis.Speedscope;

/// <summary>Weighted stacks in the order of time.</summary>
/// <param name="name">In the list of profiles.</param>
/// <param name="unit">One that speedscope knows: bytes, milliseconds.</param>
internal sealed class SpeedscopeProfile(string name, string unit)
{
    private readonly List<(int[] Frames, double Weight)> _samples = [];

    public string Type => "sampled";

    public string Name { get; } = name;

    public string Unit { get; } = unit;

    public int StartValue => 0;

    public double EndValue => Total;

    /// <summary>Frames by number, the outermost first.</summary>
    public IEnumerable<int[]> Samples => _samples.Select(sample => sample.Frames);

    public IEnumerable<double> Weights => _samples.Select(sample => sample.Weight);

    [JsonIgnore]
    public int Count => _samples.Count;

    [JsonIgnore]
    public double Total { get; private set; }

    /// <summary>Adds a sample; one with the very stack of the sample before becomes part of it.</summary>
    public void Add(int[] frames, double weight)
    {
        Total += weight;
        if (_samples.Count != 0 && ReferenceEquals(_samples[^1].Frames, frames))
            _samples[^1] = (frames, _samples[^1].Weight + weight);
        else
            _samples.Add((frames, weight));
    }
}
