using System.Runtime.Versioning;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>More frames than an importer's socket has room for: they wait in the queue, and nobody is taken for stuck who reads in his own time.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class CrowdTests
{
    private const int Buffers = 8;

    [Test]
    public void TheRoom_IsWhatTheSystemGave()
    {
        using Shared shared = new();
        (BufferPeer peer, _) = shared.Connect();
        Assert.That(peer.FrameRoom, Is.InRange(16, 4 << 10).And.GreaterThanOrEqualTo(new BufferQueueOptions().MaxBuffers));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void WhatDoesNotFit_ComesWhenThereIsRoom_InOrder(bool queuedBefore)
    {
        using Shared shared = new();
        (BufferPeer peer, BufferImporter importer) = Make(shared);
        peer.FrameRoom = 3;
        if (!queuedBefore)
        {
            shared.Queue.StreamOn();
        }

        for (int i = 0; i < Buffers; i++)
        {
            shared.Queue.Queue(i);
        }

        if (queuedBefore)
        {
            shared.Queue.StreamOn();
        }

        Assert.That(StatesOf(shared), Is.EqualTo(Enumerable.Repeat(BufferState.Active, 3).Concat(Enumerable.Repeat(BufferState.Queued, Buffers - 3))));
        for (int i = 0; i < Buffers; i++)
        {
            Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
            Assert.That((frame.Buffer.Index, peer.UnacknowledgedFrames), Is.EqualTo((i, Math.Min(3, Buffers - i))));
            importer.Acknowledge(frame);
            Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
            Assert.That((completed.Index, completed.IsError), Is.EqualTo((i, false)));
        }

        Assert.That(peer.IsConnected, Is.True);
    }

    /// <summary>One that hangs delays nobody else's frames; it keeps the buffers until it is disconnected.</summary>
    [Test]
    public void WhoHasNoRoom_KeepsTheBuffers_AndDelaysNoFrameOfOthers()
    {
        using Shared shared = new();
        (BufferPeer hung, _) = Make(shared);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        for (int i = 0; i < Buffers; i++)
        {
            shared.Export(i, peer, importer);
        }

        hung.FrameRoom = 2;
        shared.Queue.StreamOn();
        for (int i = 0; i < Buffers; i++)
        {
            shared.Queue.Queue(i);
        }

        Assert.That((hung.UnacknowledgedFrames, peer.UnacknowledgedFrames), Is.EqualTo((2, Buffers)));
        for (int i = 0; i < Buffers; i++)
        {
            Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True, $"frame {i}");
            Assert.That(frame.Buffer.Index, Is.EqualTo(i));
            importer.Acknowledge(frame);
        }

        Assert.That(shared.Queue.TryDequeue(out _, TimeSpan.FromMilliseconds(50)), Is.False, "each waits for the one that hangs");
        hung.Disconnect();
        List<CompletedBuffer> back = [];
        while (back.Count < Buffers && shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon))
        {
            back.Add(completed);
        }

        Assert.That(back.Select(one => (one.Index, one.IsError, one.IsSkipped)).Order(), Is.EqualTo(Enumerable.Range(0, Buffers).Select(i => (i, true, false))));
    }

    [Test]
    public void TheEndOfTheStream_MakesRoom()
    {
        using Shared shared = new();
        (BufferPeer peer, BufferImporter importer) = Make(shared);
        peer.FrameRoom = 2;
        for (int round = 0; round < 3; round++)
        {
            shared.Queue.StreamOn();
            for (int i = 0; i < Buffers; i++)
            {
                shared.Queue.Queue(i);
            }

            Assert.That(peer.UnacknowledgedFrames, Is.EqualTo(2));
            Assert.That(importer.TryReceive(out _, Shared.Soon), Is.True);
            shared.Queue.StreamOff();
            Assert.That(peer.UnacknowledgedFrames, Is.Zero);
        }
    }

    private static (BufferPeer Peer, BufferImporter Importer) Make(Shared shared)
    {
        shared.Queue.Request(Buffers, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        for (int i = 0; i < Buffers; i++)
        {
            shared.Export(i, peer, importer);
        }

        return (peer, importer);
    }

    private static IEnumerable<BufferState> StatesOf(Shared shared) => Enumerable.Range(0, Buffers).Select(i => shared.Queue.Query(i).State);
}
