namespace MagAlloc.Sharing.Platform;

/// <summary><c>struct iovec</c>.</summary>
internal unsafe struct MessagePart
{
    public void* Base;
    public nuint Length;
}
