using System.Text.Json.Serialization;
using MagAlloc.Bench.Gate.Verdicts;
using MagAlloc.Tooling.Reporting;

namespace MagAlloc.Bench.Reporting;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, Converters = [typeof(RoundedNumber)])]
[JsonSerializable(typeof(ComparisonJson))]
[JsonSerializable(typeof(IovaJson))]
[JsonSerializable(typeof(ShareJson))]
[JsonSerializable(typeof(GateJson))]
internal sealed partial class BenchJson : JsonSerializerContext;
