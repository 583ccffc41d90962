namespace MagAlloc.Stress.Replay;

/// <summary>What a verified pass knows of one object; a table of them lies in native memory of the C library.</summary>
internal unsafe struct ObjectState
{
    public byte* Block;
    public nuint Size;

    /// <summary>The tag that the last operation on the object wrote over it.</summary>
    public ulong Tag;

    /// <summary>Operations on the object that are done: what other threads of a threaded pass wait for.</summary>
    public uint StepsDone;
}
