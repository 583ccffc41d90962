namespace MagAlloc.Stress.Replay;

/// <summary>What a threaded timed pass keeps of one object: as little as the order of its operations needs.</summary>
internal unsafe struct TimedObject
{
    public void* Block;
    public uint StepsDone;
}
