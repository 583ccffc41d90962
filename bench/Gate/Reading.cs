using MagAlloc.Bench.Gate.Rounds;

namespace MagAlloc.Bench.Gate;

/// <summary>An entry, measured.</summary>
/// <param name="Name">The entry.</param>
/// <param name="Value">In the entry's unit.</param>
/// <param name="Operations">What it was measured over: operations, methods or rounds. With 0 nothing was measured.</param>
/// <param name="Rounds">Of a ratio: the rounds behind it.</param>
internal sealed record Reading(string Name, double Value, long Operations, RoundSamples? Rounds = null);
