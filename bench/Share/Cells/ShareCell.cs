using System.Diagnostics;
using System.Runtime.Versioning;
using MagAlloc.Bench.Workloads;

namespace MagAlloc.Bench.Share.Cells;

/// <summary>The producer's end of one way to pass frames, with a consumer in another process. An operation is a frame, there and back.</summary>
[SupportedOSPlatform("linux")]
internal abstract class ShareCell(ShareWorkload workload, int bytes) : Cell, IDisposable
{
    private const int FramesPerSlice = 32;

    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private Process? _consumer;

    public override long OperationsPerSlice => FramesPerSlice;

    protected ShareWorkload Workload => workload;

    protected int Bytes => bytes;

    protected Process Consumer => _consumer ?? throw new InvalidOperationException("no consumer was started");

    public override void Run(int lane, long slices)
    {
        long frames = slices * FramesPerSlice;
        long sent = 0;
        for (long back = 0; back < frames; back++)
        {
            for (; sent < frames && sent - back < workload.Depth; sent++)
                Send();
            TakeBack();
        }
    }

    public virtual void Dispose()
    {
        if (_consumer is null)
            return;

        // The end of its input is the end of it.
        _consumer.StandardInput.Close();
        if (!_consumer.WaitForExit(TimeSpan.FromSeconds(5)))
            _consumer.Kill();
        _consumer.Dispose();
    }

    /// <summary>Fills the next frame and hands it over.</summary>
    protected abstract void Send();

    /// <summary>Waits until the oldest frame that is under way is back.</summary>
    protected abstract void TakeBack();

    protected void Start(string contender, string address) => _consumer = Process.Start(Share.Consumer.Start(contender, address, bytes, workload))!;

    protected InvalidOperationException Gone() => new($"the consumer of {workload.Name} has ended or does not answer");
}
