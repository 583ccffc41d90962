namespace MagAlloc.Bench.Share;

/// <summary>What ways to pass frames to another process are compared at.</summary>
/// <param name="Name">The stable name.</param>
/// <param name="Description">For the help, in a few words.</param>
/// <param name="Depth">Frames that may be under way.</param>
/// <param name="Fills">The producer writes the whole frame first.</param>
/// <param name="Reads">The consumer reads the whole frame.</param>
internal sealed record ShareWorkload(string Name, string Description, int Depth, bool Fills, bool Reads)
{
    public static IReadOnlyList<ShareWorkload> All { get; } =
    [
        new("hand-over", "one frame under way: there and back before the next", 1, Fills: false, Reads: false),
        new("hand-over-4", "four frames under way", 4, Fills: false, Reads: false),
        new("read-4", "four frames under way, every byte is read", 4, Fills: false, Reads: true),
        new("fill-read-4", "four frames under way, every byte is written and read", 4, Fills: true, Reads: true),
    ];
}
