using System.Runtime.Versioning;
using MagAlloc.Sharing.Platform;
using MagAlloc.Tests.Docs;
using MagAlloc.Tests.Events.Support;
using MagAlloc.Tests.Platform;
using MagAlloc.Tests.Sharing.Support;
using MagAlloc.Tests.Stress.Tracing;

namespace MagAlloc.Tests.Sharing;

/// <summary>What an importer that keeps to the rules must not suffer from: others, its owner's restarts, and pauses of the whole machine.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
[NonParallelizable]
public sealed class HonestImporterTests
{
    [Test]
    public void WhatAWriterAcknowledges_OthersDoNotReceive()
    {
        using Shared shared = new(new BufferQueueOptions { WritableExports = true });
        shared.Queue.Request(2, Shared.Page);
        (BufferPeer writing, BufferImporter writer) = shared.Connect();
        (BufferPeer reading, BufferImporter reader) = shared.Connect();
        reading.FrameRoom = 1;
        for (int i = 0; i < 2; i++)
        {
            shared.Export(i, writing, writer, BufferAccess.ReadWrite);
            shared.Export(i, reading, reader);
        }

        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        shared.Queue.Queue(1);
        for (int i = 0; i < 2; i++)
        {
            Assert.That(writer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
            writer.Acknowledge(frame, bytesUsed: 1);
        }

        Shared.Eventually(() => writing.UnacknowledgedFrames == 0, "acknowledged");
        for (int i = 0; i < 2; i++)
        {
            Assert.That(reader.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
            Assert.That(frame.BytesUsed, Is.EqualTo(Shared.Page), $"frame {i}, in the line");
            reader.Acknowledge(frame);
            Assert.That(shared.Queue.TryDequeue(out CompletedBuffer back, Shared.Soon), Is.True);
            Assert.That((back.BytesUsed, back.IsError), Is.EqualTo((1L, false)), "the owner gets what was written");
        }
    }

    [Test]
    public void FromAListener_NobodyIsDisconnected()
    {
        using EventRecorder session = EventRecorder.Start();
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        Exception? refused = null;
        session.Told = one =>
        {
            if (one.Name == "BufferExported")
            {
                refused = Assert.Catch(peer.Disconnect);
            }
        };
        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        shared.Queue.Export(0, peer);
        Assert.That(refused, Is.TypeOf<InvalidOperationException>());
        StreamTests.Acknowledge(importer);
        Assert.That(shared.Queue.TryDequeue(out _, Shared.Soon), Is.True, "the frame is not lost");
    }

    /// <summary>What stopped streams sent fills a socket in no time; whose it is has as long to read it as for a frame.</summary>
    [TestCase(60, 31)]
    [TestCase(3000, 0)]
    public void ManyStreamsWhileOneDoesNotRun_AreNoReasonToDisconnectIt(int streams, int frames)
    {
        using Shared shared = new(new BufferQueueOptions { AcknowledgeTimeout = TimeSpan.FromSeconds(30) });
        shared.Queue.Request(32, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        for (int i = 0; i < 31; i++)
        {
            shared.Export(i, peer, importer);
        }

        for (int stream = 0; stream < streams; stream++)
        {
            shared.Queue.StreamOn();
            for (int i = 0; i < frames; i++)
            {
                shared.Queue.Queue(i);
            }

            shared.Queue.StreamOff();
        }

        Assert.That(peer.Reason, Is.EqualTo(ImporterEnd.None));
        Shared.Refused(BufferError.TryAgain, () => shared.Queue.Export(31, peer));
        shared.Queue.StreamOn();
        long newest = shared.Queue.Queue(0);
        BufferFrame frame = default;
        while (frame.Sequence != newest)
        {
            Assert.That(importer.TryReceive(out frame, Shared.Soon), Is.True);
            importer.Acknowledge(frame);
        }

        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer back, Shared.Soon), Is.True);
        Assert.That((back.Sequence, back.IsError, peer.Reason), Is.EqualTo((newest, false, ImporterEnd.None)));
        Shared.Eventually(() => peer.DueAt == long.MaxValue, "it owes nothing any more");
        shared.Export(31, peer, importer);
    }

    /// <summary>It owes an answer all the same, and the others do not wait for it for ever.</summary>
    [Test]
    public void WhoNeverReadsAgain_IsDisconnectedInTime()
    {
        using Shared shared = new(new BufferQueueOptions { AcknowledgeTimeout = TimeSpan.FromMilliseconds(300) });
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, _) = shared.Connect();
        for (int stream = 0; stream < 3000; stream++)
        {
            shared.Queue.StreamOn();
            shared.Queue.StreamOff();
        }

        Shared.Eventually(() => peer.Reason == ImporterEnd.Silent, "disconnected");
    }

    /// <summary>As when a machine, or a container, is paused: the time in which nobody ran is nobody's.</summary>
    [Test]
    public void WhenBothStoodStill_TheStreamGoesOn()
    {
        string address = $"@magalloc-still-{Environment.ProcessId}";
        using ExternalProgram owner = Samples.Start("Producer", address, "100000000");
        owner.AwaitOutput(text => text.Contains("waiting", StringComparison.Ordinal));
        using ExternalProgram consumer = Samples.Start("Consumer", address);
        Thread.Sleep(1500);
        Assert.That((owner.IsRunning, consumer.IsRunning), Is.EqualTo((true, true)), "the premise");
        consumer.Signal("STOP");
        Thread.Sleep(100);
        owner.Signal("STOP");
        Thread.Sleep(6500);
        owner.Signal("CONT");
        Thread.Sleep(100);
        consumer.Signal("CONT");
        Thread.Sleep(1500);
        Assert.That((owner.IsRunning, consumer.IsRunning), Is.EqualTo((true, true)));
    }

    /// <summary>
    /// The wait that stood still has run out when it wakes, and all the same what came meanwhile is there: it looks
    /// before it gives up. The owner here stays awake, so that nothing but the wait can end the stream.
    /// </summary>
    [Test]
    public void AWaitThatStoodStill_LooksBeforeItGivesUp()
    {
        using Shared shared = new(new BufferQueueOptions { AcknowledgeTimeout = TimeSpan.FromSeconds(60) });
        shared.Queue.Request(1, Shared.Page);
        using ExternalProgram consumer = Samples.Start("Consumer", shared.Address);
        BufferPeer peer = shared.Queue.Accept(shared.Listener, Shared.Soon)!;
        shared.Queue.StreamOn();
        shared.Queue.Export(0, peer);
        shared.Queue.Queue(0);
        Assert.That(shared.Queue.TryDequeue(out _, Shared.Soon), Is.True, "it has begun to receive");

        // Long enough for it to have gone to sleep in a wait of five seconds, of which nothing is left when it goes on.
        Thread.Sleep(500);
        consumer.Signal("STOP");
        Thread.Sleep(100);
        shared.Queue.Queue(0, isLast: true);
        Thread.Sleep(5500);
        consumer.Signal("CONT");
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer back, Shared.Soon), Is.True);
        Assert.That((back.IsError, peer.Reason), Is.EqualTo((false, ImporterEnd.None)));
    }

    /// <summary>An owner announces before it cuts off: a file that is short, and announced as readable, never was what it should be.</summary>
    [Test]
    public void ARevocableFileThatIsShort_IsMisuse_UnlessItIsAnnounced()
    {
        using RawOwner owner = new();
        using BufferImporter importer = owner.Meet(new BufferImporterOptions { AcceptRevocable = true });
        using FileDescriptor file = MemoryFile.Create(MemoryFiles.SealGrow);
        using FileDescriptor reader = MemoryFile.Reopen(file);
        owner.Export(5, 1, reader, 2 * MemoryFile.Bytes, BufferProfile.Revocable);
        Shared.Refused(BufferError.Invalid, () => importer.TryImport(out _, Shared.Soon));
        owner.Export(6, 1, reader, MemoryFile.Bytes, BufferProfile.Revocable);
        Assert.That(importer.TryImport(out _, Shared.Soon), Is.True);
    }
}
