namespace MagAlloc.Sharing.Platform;

/// <summary><c>struct pollfd</c>.</summary>
internal struct PollEntry
{
    public int File;
    public short Wanted;
    public short Happened;
}
