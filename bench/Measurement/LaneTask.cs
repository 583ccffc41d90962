namespace MagAlloc.Bench.Measurement;

/// <summary>What the lanes of a <see cref="LaneTeam"/> shall do.</summary>
/// <param name="Body">Called on each lane with its number.</param>
/// <param name="Abandon">Called when a lane has failed: makes the others stop waiting for it.</param>
internal sealed record LaneTask(Action<int> Body, Action Abandon);
