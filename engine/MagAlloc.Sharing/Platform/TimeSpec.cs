namespace MagAlloc.Sharing.Platform;

/// <summary><c>struct timespec</c> of 64-bit Linux.</summary>
internal struct TimeSpec
{
    public long Seconds;
    public long Nanoseconds;
}
