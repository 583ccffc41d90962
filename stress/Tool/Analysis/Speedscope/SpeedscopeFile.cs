using System.Text.Json.Serialization;

namespace MagAlloc.Tool.Analysis.Speedscope;

/// <summary>What speedscope reads: names of properties are its format's.</summary>
internal sealed record SpeedscopeFile(string Name, SpeedscopeFile.SharedPart Shared, IEnumerable<SpeedscopeProfile> Profiles)
{
    [JsonPropertyName("$schema")]
    public string Schema => "https://www.speedscope.app/file-format-schema.json";

    public string Exporter => "MagAlloc";

    public int ActiveProfileIndex => 0;

    internal sealed record SharedPart(IEnumerable<Frame> Frames);

    internal sealed record Frame(string Name);
}
