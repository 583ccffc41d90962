namespace MagAlloc.Bench.Workloads;

/// <summary>
/// Threads that live for one block: each allocates 128 bytes, clears them, leaves them in one of 1,000 slots, frees what lay
/// there, and dies. What an allocator keeps for its threads must not grow with the threads that have been: its resident set
/// tells, more than its time, which is mostly the birth of a thread.
/// </summary>
internal sealed class MleakWorkload() : Workload("mleak", threads: 1)
{
    private const int Bytes = 128;

    public override string Operation => "life of a thread";

    public override int? BlockBytes => Bytes;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new MleakCell<TContender, TSession, TBlock>(contender, Bytes);
}
