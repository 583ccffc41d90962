using System.Text.Json.Serialization;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Analysis.Speedscope;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(RoundedNumber)])]
[JsonSerializable(typeof(SpeedscopeFile))]
internal sealed partial class SpeedscopeJson : JsonSerializerContext;
