using System.Text.Json.Serialization;
using MagAlloc.Tool.Analysis.Anomalies;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Tool.Analysis;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true,
    Converters = [typeof(RoundedNumber), typeof(JsonStringEnumConverter<Severity>)])]
[JsonSerializable(typeof(TraceJson))]
internal sealed partial class ToolJson : JsonSerializerContext;
