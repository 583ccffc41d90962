namespace MagAlloc.Bench.Children;

/// <summary>A line of a child: a word of the protocol and what follows it.</summary>
internal readonly record struct ChildReply(string Word, string Rest)
{
    public static ChildReply Of(string line)
    {
        int blank = line.IndexOf(' ', StringComparison.Ordinal);
        return blank < 0 ? new ChildReply(line, string.Empty) : new ChildReply(line[..blank], line[(blank + 1)..]);
    }
}
