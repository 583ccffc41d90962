using System.Runtime.Versioning;
using MagAlloc.Tests.Platform;

namespace MagAlloc.Tests.Sharing.Support;

/// <summary>A queue with importers in this process: what needs no other process is tested without one.</summary>
[SupportedOSPlatform("linux")]
internal sealed class Shared : IDisposable
{
    public const int Page = 4096;

    private static int s_last;

    private readonly List<IDisposable> _importers = [];
    private readonly BufferListener _listener;

    public Shared(BufferQueueOptions? options = null)
    {
        Queue = new BufferQueue(options ?? new BufferQueueOptions { Name = "test" });
        Address = $"@magalloc-test-{Environment.ProcessId}-{Interlocked.Increment(ref s_last)}";
        _listener = new BufferListener(Address);
    }

    public static TimeSpan Soon => TimeSpan.FromSeconds(10);

    public BufferQueue Queue { get; }

    public string Address { get; }

    public BufferListener Listener => _listener;

    /// <summary>Connects an importer of this process.</summary>
    public (BufferPeer Peer, BufferImporter Importer) Connect(BufferImporterOptions? options = null)
    {
        Task<BufferImporter> connecting = Task.Run(() => BufferImporter.Connect(Address, options));
        BufferPeer peer = Queue.Accept(_listener, Soon)!;
        BufferImporter importer = connecting.GetAwaiter().GetResult();
        _importers.Add(importer);
        return (peer, importer);
    }

    /// <summary>Has an importer disposed of with this.</summary>
    public void Own(IDisposable importer) => _importers.Add(importer);

    /// <summary>Exports a buffer and waits until the importer has mapped it.</summary>
    public BufferImport Export(int index, BufferPeer peer, BufferImporter importer, BufferAccess access = BufferAccess.ReadOnly)
    {
        Queue.Export(index, peer, access);
        Assert.That(importer.TryImport(out BufferImport? import, Soon), Is.True);
        return import!;
    }

    /// <summary>A refusal that leaves everything as it was: the books, what is open and what is mapped.</summary>
    /// <param name="error">Which.</param>
    /// <param name="action">What is refused.</param>
    /// <param name="quotaRefusals">For how many the books count it.</param>
    public BufferException RefusedWithoutTrace(BufferError error, Action action, int quotaRefusals = 0)
    {
        BufferQueueStatistics before = Queue.GetStatistics();
        OpenFiles open = OpenFiles.Count();
        BufferException refused = Refused(error, action);
        Assert.That(Queue.GetStatistics(), Is.EqualTo(before with { QuotaRefusals = before.QuotaRefusals + quotaRefusals }));
        open.AssertNothingMore();
        return refused;
    }

    /// <summary>Queues a buffer, has the importer acknowledge it, and dequeues it.</summary>
    public CompletedBuffer Pass(int index, BufferImporter importer)
    {
        Queue.Queue(index);
        Assert.That(importer.TryReceive(out BufferFrame frame, Soon), Is.True);
        importer.Acknowledge(frame);
        Assert.That(Queue.TryDequeue(out CompletedBuffer completed, Soon), Is.True);
        return completed;
    }

    public static BufferException Refused(BufferError error, Action action)
    {
        BufferException refused = Assert.Throws<BufferException>(() => action())!;
        Assert.That(refused.Error, Is.EqualTo(error), refused.Message);
        return refused;
    }

    public static void Eventually(Func<bool> condition, string what)
    {
        Assert.That(SpinWait.SpinUntil(condition, Soon), Is.True, what);
    }

    /// <summary>Whether an import is revoked in time.</summary>
    public static bool IsRevoked(BufferImport import, TimeSpan timeout) => SpinWait.SpinUntil(() => import.IsRevoked, timeout);

    public void Dispose()
    {
        foreach (IDisposable importer in _importers)
        {
            importer.Dispose();
        }

        Queue.Dispose();
        _listener.Dispose();
    }
}
