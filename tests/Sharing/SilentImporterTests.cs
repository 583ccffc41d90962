using System.Runtime.Versioning;
using MagAlloc.Tests.Docs;
using MagAlloc.Tests.Events.Support;
using MagAlloc.Tests.Sharing.Support;
using MagAlloc.Tests.Stress.Tracing;

namespace MagAlloc.Tests.Sharing;

/// <summary>An importer that takes frames and acknowledges none stops the stream for a bounded time, and the others see every frame.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class SilentImporterTests
{
    private const int Buffers = 4;
    private const int Frames = 200;

    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(3);

    /// <summary>Before there was a deadline, four frames went out, and nothing after them.</summary>
    [Test]
    public void OneThatReadsNothing_IsDisconnected_AndTheOthersSeeEverything()
    {
        using EventRecorder session = EventRecorder.Start();
        using Shared shared = new(new BufferQueueOptions { Name = "silent", AcknowledgeTimeout = s_deadline });
        shared.Queue.Request(Buffers, Shared.Page);
        using RawImporter silent = RawImporter.Join(shared);
        for (int i = 0; i < Buffers; i++)
        {
            shared.Queue.Export(i, silent.Peer);
        }

        List<long> seen = Stream(shared, out List<CompletedBuffer> back, Frames);
        Assert.That(seen, Is.EqualTo(Enumerable.Range(1, Frames).Select(i => (long)i)));
        Assert.That(back.Select(one => one.IsError), Is.EqualTo(Enumerable.Range(0, Frames).Select(i => i < Buffers)), "what it had comes back as errors");
        Assert.That((silent.Peer.IsConnected, silent.Peer.Reason, shared.Queue.GetStatistics().SilentImporters), Is.EqualTo((false, ImporterEnd.Silent, 1L)));
        Assert.That(session.Of(session.OwnerOf("silent"), "ImporterGone").Select(one => one.Text("reason")), Is.EqualTo(new[] { "Silent" }));
        BufferException refused = Shared.Refused(BufferError.Ended, () => shared.Queue.Export(0, silent.Peer));
        Assert.That(refused.Message, Does.Contain("acknowledged none for 3 s (AcknowledgeTimeout)"));
    }

    [Test]
    public void OneThatIsStopped_IsDisconnected_AndTheOthersGoOn()
    {
        using Shared shared = new(new BufferQueueOptions { AcknowledgeTimeout = s_deadline });
        shared.Queue.Request(Buffers, Shared.Page);
        using ExternalProgram consumer = Samples.Start("Consumer", shared.Address);
        BufferPeer stopped = shared.Queue.Accept(shared.Listener, TimeSpan.FromSeconds(60))!;
        for (int i = 0; i < Buffers; i++)
        {
            shared.Queue.Export(i, stopped);
        }

        Shared.Eventually(() => stopped.Unread == 0, "it takes part");
        consumer.Signal("STOP");
        Assert.That(Stream(shared, out _, Frames), Is.EqualTo(Enumerable.Range(1, Frames).Select(i => (long)i)));
        Assert.That(stopped.Reason, Is.EqualTo(ImporterEnd.Silent));
        Assert.That(consumer.IsRunning, Is.True);
    }

    /// <summary>Nobody dequeues: the caretaker keeps the time.</summary>
    [Test]
    public void TheTimeIsKept_AlsoWhenTheOwnerIsElsewhere()
    {
        using Shared shared = new(new BufferQueueOptions { AcknowledgeTimeout = TimeSpan.FromMilliseconds(20) });
        shared.Queue.Request(1, Shared.Page);
        using RawImporter silent = RawImporter.Join(shared);
        shared.Queue.Export(0, silent.Peer);
        shared.Queue.StreamOn();
        Thread.Sleep(300);
        Assert.That(silent.Peer.IsConnected, Is.True, "it has no frame, and owes nothing; the caretaker sleeps");
        shared.Queue.Queue(0);
        Shared.Eventually(() => !silent.Peer.IsConnected, "disconnected");
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer back), Is.True);
        Assert.That((back.IsError, silent.Peer.Reason), Is.EqualTo((true, ImporterEnd.Silent)));
    }

    /// <summary>The time runs from the last acknowledgement, or from the first frame behind a pause; and not at all for who has none.</summary>
    [Test]
    public void EachAcknowledgement_BeginsTheTimeAnew()
    {
        using Shared shared = new();
        shared.Queue.Request(3, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        for (int i = 0; i < 3; i++)
        {
            shared.Export(i, peer, importer);
        }

        Assert.That(peer.DueAt, Is.EqualTo(long.MaxValue));
        shared.Queue.Queue(0);
        shared.Queue.Queue(1);
        shared.Queue.Queue(2);
        shared.Queue.StreamOn();
        long due = peer.DueAt;
        Assert.That(due, Is.LessThan(long.MaxValue));
        for (int left = 2; left > 0; left--)
        {
            StreamTests.Acknowledge(importer);
            Shared.Eventually(() => peer.UnacknowledgedFrames == left, "acknowledged");
            Assert.That(peer.DueAt, Is.GreaterThan(due).And.LessThan(long.MaxValue));
            due = peer.DueAt;
        }

        StreamTests.Acknowledge(importer);
        Shared.Eventually(() => peer.UnacknowledgedFrames == 0, "acknowledged");
        Assert.That(peer.DueAt, Is.EqualTo(long.MaxValue));
        Assert.That(shared.Queue.TryDequeue(out _), Is.True);
        shared.Queue.Queue(0);
        Assert.That(peer.DueAt, Is.GreaterThan(due).And.LessThan(long.MaxValue));
        shared.Queue.StreamOff();
        Assert.That(peer.DueAt, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void WithoutAnEnd_NobodyIsDisconnected()
    {
        using Shared shared = new(new BufferQueueOptions { AcknowledgeTimeout = Timeout.InfiniteTimeSpan });
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, _) = shared.Connect();
        shared.Queue.Export(0, peer);
        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        Assert.That((peer.UnacknowledgedFrames, peer.DueAt), Is.EqualTo((1, long.MaxValue)));
    }

    /// <summary>Streams to a healthy importer, among others that are there already.</summary>
    /// <returns>The numbers of the frames that it saw.</returns>
    private static List<long> Stream(Shared shared, out List<CompletedBuffer> back, int frames)
    {
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        for (int i = 0; i < Buffers; i++)
        {
            shared.Export(i, peer, importer);
        }

        shared.Queue.StreamOn();
        List<long> seen = [];
        Thread consumer = new(() =>
        {
            while (seen.Count < frames && importer.TryReceive(out BufferFrame frame, Shared.Soon))
            {
                seen.Add(frame.Sequence);
                importer.Acknowledge(frame);
            }
        });
        consumer.Start();
        back = [];
        Queue<int> free = new(Enumerable.Range(0, Buffers));
        for (int made = 0; back.Count < frames;)
        {
            while (made < frames && free.TryDequeue(out int index))
            {
                shared.Queue.Queue(index);
                made++;
            }

            Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True, $"{made} made, {back.Count} back");
            back.Add(completed);
            free.Enqueue(completed.Index);
        }

        consumer.Join();
        return seen;
    }
}
