namespace MagAlloc.Bench.Workloads;

/// <summary>
/// One thread allocates blocks of 64 bytes, another frees them: every free is that of another thread's block. They go across
/// in batches through a ring, so that the allocator is measured and not the hand-over.
/// </summary>
internal sealed class ProducerConsumerWorkload() : Workload("producer-consumer", threads: 2)
{
    private const int Bytes = 64;

    public override int? BlockBytes => Bytes;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new ProducerConsumerCell<TContender, TSession, TBlock>(contender, Bytes);
}
