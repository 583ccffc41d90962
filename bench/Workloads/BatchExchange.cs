namespace MagAlloc.Bench.Workloads;

/// <summary>
/// Batches on their way from any producer to any consumer, the latest first. A fixed number of them is under way: who finds
/// none to fill, or none to empty, sleeps.
/// </summary>
internal sealed class BatchExchange<TBatch>
    where TBatch : class
{
    private readonly object _gate = new();
    private readonly Stack<TBatch> _full;
    private readonly Stack<TBatch> _empty;
    private bool _abandoned;

    public BatchExchange(int batches, Func<TBatch> create)
    {
        _full = new Stack<TBatch>(batches);
        _empty = new Stack<TBatch>(batches);
        for (int i = 0; i < batches; i++)
            _empty.Push(create());
    }

    /// <summary>Producer: a batch to fill.</summary>
    public TBatch TakeEmpty() => Take(_empty);

    /// <summary>Producer: the batch is full.</summary>
    public void PutFull(TBatch batch) => Put(_full, batch);

    /// <summary>Consumer: a batch to empty.</summary>
    public TBatch TakeFull() => Take(_full);

    /// <summary>Consumer: the batch is empty.</summary>
    public void PutEmpty(TBatch batch) => Put(_empty, batch);

    /// <summary>Whoever waits, now or later, ends with an exception.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _abandoned = true;
            Monitor.PulseAll(_gate);
        }
    }

    private TBatch Take(Stack<TBatch> stack)
    {
        lock (_gate)
        {
            while (stack.Count == 0)
            {
                if (_abandoned)
                    throw new OperationCanceledException("Another lane has failed.");
                Monitor.Wait(_gate);
            }

            return stack.Pop();
        }
    }

    private void Put(Stack<TBatch> stack, TBatch batch)
    {
        lock (_gate)
        {
            // Sleepers look again at the stack when they wake: it takes one call to wake them, not one for each batch.
            if (stack.Count == 0)
                Monitor.PulseAll(_gate);
            stack.Push(batch);
        }
    }
}
