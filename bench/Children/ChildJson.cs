using System.Text.Json.Serialization;
using MagAlloc.Bench.Gate.Rounds;

namespace MagAlloc.Bench.Children;

/// <summary>What passes between parent and child.</summary>
[JsonSerializable(typeof(ChildFigures))]
[JsonSerializable(typeof(RoundsReport))]
internal sealed partial class ChildJson : JsonSerializerContext;
