using System.Runtime.Versioning;

namespace MagAlloc.Bench.Share.Cells;

/// <summary>Frames in exported buffers.</summary>
[SupportedOSPlatform("linux")]
internal sealed class QueueCell : ShareCell
{
    private static int s_last;

    private readonly BufferQueue _queue;
    private readonly BufferListener _listener;
    private readonly Queue<int> _free = new();
    private long _number;

    public QueueCell(ShareWorkload workload, int bytes)
        : base(workload, bytes)
    {
        _queue = new BufferQueue(new BufferQueueOptions { Name = "bench" });
        _listener = new BufferListener($"@magalloc-bench-{Environment.ProcessId}-{Interlocked.Increment(ref s_last)}");
        _queue.Request(workload.Depth, bytes);
        Start(ShareContenders.Queue, _listener.Address);
        BufferPeer consumer = _queue.Accept(_listener, Patience) ?? throw Gone();
        for (int index = 0; index < workload.Depth; index++)
        {
            _queue.Export(index, consumer);
            _free.Enqueue(index);
        }

        _queue.StreamOn();
    }

    public override void Dispose()
    {
        _queue.Dispose();
        _listener.Dispose();
        base.Dispose();
    }

    protected override void Send()
    {
        int index = _free.Dequeue();
        ShareFrame.Fill(_queue.GetSpan(index, 0, Bytes), ++_number, Workload.Fills);
        _queue.Queue(index, Bytes);
    }

    protected override void TakeBack()
    {
        if (!_queue.TryDequeue(out CompletedBuffer completed, Patience) || completed.IsError)
            throw Gone();
        _free.Enqueue(completed.Index);
    }
}
