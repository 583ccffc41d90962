using System.Runtime.Versioning;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>States of buffers and of the stream: <c>VIDIOC_STREAMON</c>, <c>STREAMOFF</c>, <c>QBUF</c>, <c>DQBUF</c>.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class StreamTests
{
    [Test]
    public void ABuffer_GoesThroughAllStates()
    {
        using Shared shared = Streaming(1, out BufferImporter importer, on: false);
        BufferQueue queue = shared.Queue;
        List<BufferState> states = [queue.Query(0).State];
        queue.Queue(0);
        states.Add(queue.Query(0).State);
        queue.StreamOn();
        states.Add(queue.Query(0).State);
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        importer.Acknowledge(frame);
        Shared.Eventually(() => queue.Query(0).State != BufferState.Active, "acknowledged");
        states.Add(queue.Query(0).State);
        Assert.That(queue.TryDequeue(out CompletedBuffer completed), Is.True);
        states.Add(queue.Query(0).State);
        Assert.That(
            states, Is.EqualTo(new[] { BufferState.Dequeued, BufferState.Queued, BufferState.Active, BufferState.Done, BufferState.Dequeued }));
        Assert.That(completed, Is.EqualTo(new CompletedBuffer(0, 1, Shared.Page, IsError: false, IsLast: false)));
        Assert.That(queue.Query(0).Sequence, Is.EqualTo(1));
    }

    [Test]
    public void OnlyADequeuedBuffer_CanBeQueued()
    {
        using Shared shared = Streaming(2, out BufferImporter importer);
        BufferQueue queue = shared.Queue;
        queue.Queue(0);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.Invalid, () => queue.Queue(0));
        Assert.That(refused.Message, Does.Contain("is Active"));
        Acknowledge(importer);
        Shared.Eventually(() => queue.Query(0).State == BufferState.Done, "acknowledged");
        shared.RefusedWithoutTrace(BufferError.Invalid, () => queue.Queue(0));
        queue.TryDequeue(out _);
        Assert.That(queue.Queue(0), Is.EqualTo(2));

        queue.StreamOff();
        queue.Queue(1);
        shared.RefusedWithoutTrace(BufferError.Invalid, () => queue.Queue(1));
    }

    [TestCase(-1)]
    [TestCase(2)]
    [TestCase(31)]
    [TestCase(32)]
    [TestCase(int.MaxValue)]
    [TestCase(int.MinValue)]
    public void WhereThereIsNoBuffer_NothingCanBeQueued(int index)
    {
        using Shared shared = Streaming(2, out _);
        shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Queue(index));
        shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Query(index));
    }

    [TestCase(-2)]
    [TestCase(Shared.Page + 1)]
    [TestCase(long.MaxValue)]
    [TestCase(long.MinValue)]
    public void MoreBytesThanThereAre_CannotBeUsed(long bytes)
    {
        using Shared shared = Streaming(1, out _);
        shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Queue(0, bytes));
        Assert.That(shared.Queue.Query(0).State, Is.EqualTo(BufferState.Dequeued));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(Shared.Page)]
    public void TheBytesThatAreUsed_GoOverAndBack(long bytes)
    {
        using Shared shared = Streaming(1, out BufferImporter importer);
        shared.Queue.Queue(0, bytes);
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        Assert.That((frame.BytesUsed, (long)frame.Span.Length), Is.EqualTo((bytes, bytes)));
        importer.Acknowledge(frame, 0);
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
        Assert.That(completed.BytesUsed, Is.EqualTo(bytes), "an importer that cannot write has no say");
    }

    [Test]
    public void AnImporterThatWrites_SaysHowMuch()
    {
        using Shared shared = new(new BufferQueueOptions { WritableExports = true });
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Export(0, peer, importer, BufferAccess.ReadWrite);
        shared.Queue.StreamOn();
        shared.Queue.Queue(0, 0);
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        frame.Buffer.GetWritableSpan()[..7].Fill(7);
        importer.Acknowledge(frame, 7);
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
        Assert.That(completed.BytesUsed, Is.EqualTo(7));
        Assert.That(shared.Queue.GetSpan(0)[..8].ToArray(), Is.EqualTo(new byte[] { 7, 7, 7, 7, 7, 7, 7, 0 }));
    }

    [Test]
    public void WhatComesBack_ComesInTheOrderOfComingBack()
    {
        const int Count = 8;
        using Shared shared = Streaming(Count, out BufferImporter importer);
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        for (int round = 0; round < 20; round++)
        {
            List<BufferFrame> frames = [];
            for (int i = 0; i < Count; i++)
            {
                shared.Queue.Queue(i);
                Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
                frames.Add(frame);
            }

            BufferFrame[] order = [.. frames.OrderBy(_ => random.Next())];
            foreach (BufferFrame frame in order)
            {
                importer.Acknowledge(frame);
            }

            List<long> back = [];
            while (back.Count < Count && shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon))
            {
                back.Add(completed.Sequence);
            }

            Assert.That(back, Is.EqualTo(order.Select(frame => frame.Sequence)), $"seed {seed} round {round}");
        }
    }

    [Test]
    public void WithoutAnImporter_ABufferWaits()
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        shared.Queue.StreamOn();
        shared.Queue.Queue(1);
        shared.Queue.Queue(0);
        Assert.That(shared.Queue.TryDequeue(out _), Is.False);
        Assert.That(shared.Queue.Query(0).State, Is.EqualTo(BufferState.Queued));

        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Export(0, peer);
        Assert.That(shared.Queue.Query(0).State, Is.EqualTo(BufferState.Active), "it has one now, and the newest");
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer late), Is.True);
        Assert.That(late, Is.EqualTo(new CompletedBuffer(1, 1, Shared.Page, IsError: false, IsLast: false, IsSkipped: true)), "too late for anybody");
        Acknowledge(importer);
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
        Assert.That((completed.Index, completed.Sequence, completed.IsSkipped), Is.EqualTo((0, 2L, false)));
    }

    [Test]
    public void AFrame_GoesToAllWhoHaveTheBuffer_AndIsBackWhenAllAreDone()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer Peer, BufferImporter Importer)[] importers = [shared.Connect(), shared.Connect(), shared.Connect()];
        Array.ForEach(importers, one => shared.Export(0, one.Peer, one.Importer));
        Assert.That(shared.Queue.Query(0).Importers, Is.EqualTo(3));
        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        Assert.That(shared.Queue.GetStatistics().HandOvers, Is.EqualTo(3));
        for (int i = 0; i < 3; i++)
        {
            Assert.That(shared.Queue.TryDequeue(out _), Is.False);
            Acknowledge(importers[i].Importer);
            Shared.Eventually(() => shared.Queue.GetStatistics().Acknowledgements == i + 1, "acknowledged");
        }

        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer completed), Is.True);
        Assert.That(completed.IsError, Is.False);
    }

    [Test]
    public void StreamOn_Again_IsNothing_AndSoIsStreamOff()
    {
        using Shared shared = Streaming(1, out BufferImporter importer);
        shared.Queue.Queue(0);
        shared.Queue.StreamOn();
        Assert.That(shared.Queue.Query(0).State, Is.EqualTo(BufferState.Active));
        Acknowledge(importer);
        Assert.That(shared.Queue.TryDequeue(out _, Shared.Soon), Is.True);
        shared.Queue.StreamOff();
        shared.Queue.StreamOff();
        shared.Queue.StreamOn();
        Assert.That(shared.Pass(0, importer).IsError, Is.False);
    }

    [TestCase(0, 0, false)]
    [TestCase(0, 1, true)]
    [TestCase(3, 2, false)]
    [TestCase(3, 3, true)]
    public void AStream_NeedsBuffers(int needed, int buffers, bool starts)
    {
        using Shared shared = new(new BufferQueueOptions { MinQueued = needed });
        shared.Queue.Request(buffers, Shared.Page);
        if (starts)
        {
            shared.Queue.StreamOn();
            Assert.That(shared.Queue.TryDequeue(out _), Is.False);
        }
        else
        {
            BufferException refused = shared.RefusedWithoutTrace(BufferError.Invalid, shared.Queue.StreamOn);
            Assert.That(refused.Message, Does.Contain($"there are {buffers} buffers").And.Contain($"at least {Math.Max(1, needed)}"));
        }
    }

    [Test]
    public void StreamOff_DequeuesAll_WhateverImportersDo()
    {
        using Shared shared = Streaming(4, out BufferImporter importer);
        BufferQueue queue = shared.Queue;
        queue.Create(1, Shared.Page);
        Array.ForEach([0, 1, 4], index => queue.Queue(index));
        Acknowledge(importer);
        Shared.Eventually(() => queue.Query(0).State == BufferState.Done, "acknowledged");
        Assert.That(importer.TryReceive(out BufferFrame late, Shared.Soon), Is.True);

        queue.StreamOff();
        Assert.That(Enumerable.Range(0, 5).Select(i => queue.Query(i).State), Is.All.EqualTo(BufferState.Dequeued));
        Shared.Refused(BufferError.Invalid, () => queue.TryDequeue(out _));
        queue.StreamOn();
        Assert.That(queue.TryDequeue(out _), Is.False, "what was done is dropped");
        importer.Acknowledge(late);
        Shared.Eventually(() => queue.GetStatistics().StaleAcknowledgements == 1, "an acknowledgement of a frame from before");
        queue.Queue(1);
        Assert.That(queue.Query(1).State, Is.EqualTo(BufferState.Active), "is not taken for one of the next");
        Acknowledge(importer);
        Assert.That(queue.TryDequeue(out CompletedBuffer completed, Shared.Soon), Is.True);
        Assert.That((completed.Index, completed.IsError), Is.EqualTo((1, false)));
    }

    [Test]
    public void BehindTheLastFrame_ThereIsNothing_UntilTheStreamIsStartedAnew()
    {
        using Shared shared = Streaming(2, out BufferImporter importer);
        BufferQueue queue = shared.Queue;
        queue.Queue(0, isLast: true);
        queue.Queue(1);
        Assert.That(importer.TryReceive(out BufferFrame last, Shared.Soon), Is.True);
        Assert.That(last.IsLast, Is.True);
        importer.Acknowledge(last);
        Acknowledge(importer);
        Shared.Eventually(() => queue.Query(1).State == BufferState.Done, "both are back");

        Assert.That(queue.TryDequeue(out CompletedBuffer completed), Is.True);
        Assert.That((completed.Index, completed.IsLast), Is.EqualTo((0, true)));
        shared.RefusedWithoutTrace(BufferError.Ended, () => queue.TryDequeue(out _));
        shared.RefusedWithoutTrace(BufferError.Ended, () => queue.TryDequeue(out _, Shared.Soon));

        queue.StreamOff();
        queue.StreamOn();
        Assert.That(queue.TryDequeue(out _), Is.False);
        Assert.That(shared.Pass(1, importer).IsLast, Is.False);
    }

    [Test]
    public void OfStreamsThatComeAndGo_NumbersRise()
    {
        using Shared shared = Streaming(1, out BufferImporter importer);
        long last = 0;
        for (int i = 0; i < 5; i++)
        {
            long sequence = shared.Pass(0, importer).Sequence;
            Assert.That(sequence, Is.GreaterThan(last));
            last = sequence;
            shared.Queue.StreamOff();
            shared.Queue.StreamOn();
        }
    }

    internal static void Acknowledge(BufferImporter importer)
    {
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        importer.Acknowledge(frame);
    }

    internal static Shared Streaming(int buffers, out BufferImporter importer, bool on = true)
    {
        Shared shared = new();
        shared.Queue.Request(buffers, Shared.Page);
        (BufferPeer peer, importer) = shared.Connect();
        for (int i = 0; i < buffers; i++)
        {
            shared.Export(i, peer, importer);
        }

        if (on)
        {
            shared.Queue.StreamOn();
        }

        return shared;
    }
}
