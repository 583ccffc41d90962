namespace MagAlloc.Bench.Measurement;

/// <summary>How long is measured.</summary>
/// <param name="Rounds">Measured rounds of each contender.</param>
/// <param name="Round">Length of a round, by the speed that the warm-up has shown.</param>
/// <param name="WarmUp">Shortest warm-up of each contender.</param>
internal sealed record Pace(int Rounds, TimeSpan Round, TimeSpan WarmUp)
{
    public static Pace Full { get; } = new(15, TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(600));

    public static Pace Quick { get; } = new(5, TimeSpan.FromMilliseconds(40), TimeSpan.FromMilliseconds(400));
}
