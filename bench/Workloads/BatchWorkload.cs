namespace MagAlloc.Bench.Workloads;

/// <summary>Blocks of 64 bytes are allocated in a batch and freed in one go: from a few up to many times what a magazine holds.</summary>
internal sealed class BatchWorkload(string name, int batch, BatchOrder order, int threads) : Workload(name, threads)
{
    private const int Bytes = 64;

    public override int? BlockBytes => Bytes;

    public override Cell Enter<TContender, TSession, TBlock>(TContender contender) =>
        new BatchCell<TContender, TSession, TBlock>(contender, Bytes, batch, order, Threads);
}
