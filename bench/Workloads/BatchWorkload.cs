using MagAlloc.Bench.Contenders;

namespace MagAlloc.Bench.Workloads;

/// <summary>Blocks of 64 bytes are allocated in a batch and freed last in, first out: more than one magazine holds.</summary>
internal sealed class BatchWorkload(int batch) : Workload($"batch-{batch}")
{
    private const int Bytes = 64;

    public override int? BlockBytes => Bytes;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new BatchCell<TContender, TSession, TBlock>(contender, Bytes, batch);
}
