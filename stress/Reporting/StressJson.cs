using System.Text.Json.Serialization;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Stress.Reporting;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true,
    Converters = [typeof(RoundedNumber)])]
[JsonSerializable(typeof(JsonReport))]
internal sealed partial class StressJson : JsonSerializerContext;
