namespace MagAlloc.Bench.Workloads;

/// <summary>
/// A ring of batches between one producer and one consumer. Each side owns the batch that it was given until it publishes it;
/// the counters only grow, and the release write of one side makes its batch visible to the acquire read of the other.
/// </summary>
internal sealed class BatchRing<TBlock>
{
    private readonly TBlock[][] _batches;
    private RingCursors _cursors;
    private bool _abandoned;

    public BatchRing(int batches, int blocksPerBatch)
    {
        _batches = new TBlock[batches][];
        for (int i = 0; i < batches; i++)
            _batches[i] = new TBlock[blocksPerBatch];
    }

    /// <summary>Producer: the next batch to fill.</summary>
    public TBlock[] AwaitEmpty()
    {
        long full = _cursors.Full;
        Await(ref _cursors.Emptied, full - _batches.Length + 1);
        return _batches[full % _batches.Length];
    }

    /// <summary>Producer: the batch is full.</summary>
    public void PublishFull() => Volatile.Write(ref _cursors.Full, _cursors.Full + 1);

    /// <summary>Consumer: the next batch to empty.</summary>
    public TBlock[] AwaitFull()
    {
        long emptied = _cursors.Emptied;
        Await(ref _cursors.Full, emptied + 1);
        return _batches[emptied % _batches.Length];
    }

    /// <summary>Consumer: the batch is empty.</summary>
    public void PublishEmpty() => Volatile.Write(ref _cursors.Emptied, _cursors.Emptied + 1);

    /// <summary>Whoever waits, now or later, ends with an exception.</summary>
    public void Abandon() => Volatile.Write(ref _abandoned, true);

    private void Await(ref long counter, long atLeast)
    {
        SpinWait spin = default;
        while (Volatile.Read(ref counter) < atLeast)
        {
            if (Volatile.Read(ref _abandoned))
                throw new OperationCanceledException("The other lane has failed.");

            // Never a sleep: a millisecond of it is worth a hundred batches.
            spin.SpinOnce(sleep1Threshold: -1);
        }
    }
}
