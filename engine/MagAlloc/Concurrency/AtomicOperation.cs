namespace MagAlloc.Concurrency;

/// <summary>What kind of access a thread is about to make, as the test scheduler sees it.</summary>
internal enum AtomicOperation
{
    Load,
    Store,
    ReadModifyWrite,
}
