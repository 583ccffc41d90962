using System.Diagnostics;
using System.Runtime.Versioning;
using MagAlloc.Tests.Events.Support;
using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary>One order for all frames: numbers rise for every importer, and what nobody has waits, or comes back.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class FrameOrderTests
{
    private static readonly int[] s_exports = [1, 3, 0, 2];

    /// <summary>It used to see frames 2, 4, 1 and 3; or, with an end, one of three.</summary>
    [Test]
    public void FramesThatWaitWithoutAnImporter_AreNotHandedOutInTheOrderOfExports()
    {
        using Shared shared = new();
        shared.Queue.Request(4, Shared.Page);
        shared.Queue.StreamOn();
        for (int i = 0; i < 4; i++)
        {
            shared.Queue.Queue(i);
        }

        Assert.That(shared.Queue.TryDequeue(out _), Is.False, "they wait");
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        Array.ForEach(s_exports, i => shared.Queue.Export(i, peer));
        Assert.That(Backs(shared, 3).Select(one => (one.Sequence, one.IsSkipped)).Order(), Is.EqualTo(new[] { (1L, true), (2L, true), (3L, true) }));
        Assert.That(importer.TryReceive(out BufferFrame newest, Shared.Soon), Is.True);
        Assert.That((newest.Sequence, newest.Buffer.Index), Is.EqualTo((4L, 3)), "a late one starts at the newest");

        for (int i = 0; i < 3; i++)
        {
            shared.Queue.Queue(i);
        }

        importer.Acknowledge(newest);
        Assert.That(Numbers(importer, 3), Is.EqualTo(new[] { 5L, 6L, 7L }));
        Assert.That(Backs(shared, 4).Select(one => (one.Sequence, one.IsSkipped, one.IsError)), Is.EqualTo(Enumerable.Range(4, 4).Select(i => ((long)i, false, false))));
        Assert.That(shared.Queue.GetStatistics().SkippedFrames, Is.EqualTo(3));
    }

    /// <summary>Before the stream starts there is time to give everybody everything: nothing is skipped, in whatever order the buffers were exported.</summary>
    [Test]
    public void FramesQueuedBeforeTheStreamStarts_GoOutInTheirOrder_TheLastOneLast()
    {
        using Shared shared = new();
        shared.Queue.Request(4, Shared.Page);
        for (int i = 0; i < 4; i++)
        {
            shared.Queue.Queue(i, isLast: i == 3);
        }

        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        Array.ForEach(s_exports, i => shared.Queue.Export(i, peer));
        shared.Queue.StreamOn();
        for (int i = 1; i <= 4; i++)
        {
            Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
            Assert.That((frame.Sequence, frame.IsLast), Is.EqualTo(((long)i, i == 4)));
            importer.Acknowledge(frame);
        }

        Assert.That(Backs(shared, 4).Select(one => one.Sequence), Is.EqualTo(new[] { 1L, 2L, 3L, 4L }));
    }

    [Test]
    public void AFramesTimeIsThatOfItsQueueing([Values] bool isStreamOn)
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        if (isStreamOn)
        {
            shared.Queue.StreamOn();
        }

        long before = Stopwatch.GetTimestamp();
        shared.Queue.Queue(0);
        long after = Stopwatch.GetTimestamp();
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Export(0, peer);
        shared.Queue.StreamOn();
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        Assert.That(frame.Timestamp, Is.InRange(before, after));
    }

    /// <summary>What a gone importer had comes back as an error; what is queued afterwards waits, and comes back when the next one is there, or is its first frame.</summary>
    [Test]
    public void WhatIsQueuedAfterTheLastImportersEnd_IsNotForgotten([Values] bool isDisconnected)
    {
        using Shared shared = new();
        shared.Queue.Request(4, Shared.Page);
        (BufferPeer first, BufferImporter leaver) = shared.Connect();
        for (int i = 0; i < 4; i++)
        {
            shared.Export(i, first, leaver);
        }

        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        if (isDisconnected)
        {
            first.Disconnect();
        }
        else
        {
            leaver.Dispose();
        }

        Shared.Eventually(() => !first.IsConnected, "gone");
        Assert.That(Backs(shared, 1).Single(), Is.EqualTo(new CompletedBuffer(0, 1, Shared.Page, IsError: true, IsLast: false)));
        for (int i = 0; i < 4; i++)
        {
            shared.Queue.Queue(i);
        }

        Assert.That(shared.Queue.TryDequeue(out _), Is.False);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        Array.ForEach(s_exports, i => shared.Queue.Export(i, peer));
        Assert.That(Numbers(importer, 1), Is.EqualTo(new[] { 5L }));
        Assert.That(Backs(shared, 4).Select(one => (one.Sequence, one.IsSkipped)).Order(), Is.EqualTo(new[] { (2L, true), (3L, true), (4L, true), (5L, false) }));
        Assert.That(first.Reason, Is.EqualTo(isDisconnected ? ImporterEnd.Disconnected : ImporterEnd.Left));
    }

    /// <summary>The newest is in a buffer that the new importer does not get: the owner gets those back that it does get, and goes on with them.</summary>
    [Test]
    public void AnImporterWithoutTheNewestBuffer_DoesNotWaitForever()
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        shared.Queue.Queue(1);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Export(0, peer);
        Assert.That(Backs(shared, 1).Single().IsSkipped, Is.True);
        shared.Queue.Queue(0);
        Assert.That(Numbers(importer, 1), Is.EqualTo(new[] { 3L }));
        Assert.That(Backs(shared, 2).Select(one => (one.Index, one.IsSkipped)), Is.EqualTo(new[] { (1, true), (0, false) }));
    }

    /// <summary>One without room waits for its frames; a newer buffer that it does not have overtakes them at nobody else.</summary>
    [Test]
    public void ANewBuffer_DoesNotOvertakeAnOlderCrowdedOne()
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        (BufferPeer hung, BufferImporter slow) = shared.Connect();
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        for (int i = 0; i < 2; i++)
        {
            shared.Export(i, hung, slow);
            shared.Export(i, peer, importer);
        }

        hung.FrameRoom = 1;
        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        shared.Queue.Queue(1);
        int created = shared.Queue.Create(1, Shared.Page).First;
        shared.Queue.Queue(created);
        shared.Export(created, peer, importer);
        Assert.That(Numbers(importer, 3), Is.EqualTo(new[] { 1L, 2L, 3L }));
        Assert.That(Numbers(slow, 2), Is.EqualTo(new[] { 1L, 2L }));
        Assert.That(Backs(shared, 3).Count(one => one.IsError || one.IsSkipped), Is.Zero);
    }

    /// <summary>The frames of a crowded importer that ends before it got them were nobody's: they wait for the next one.</summary>
    [Test]
    public void WhatACrowdedImporterNeverGot_WaitsForTheNext()
    {
        using Shared shared = new();
        shared.Queue.Request(3, Shared.Page);
        (BufferPeer hung, BufferImporter slow) = shared.Connect();
        for (int i = 0; i < 3; i++)
        {
            shared.Export(i, hung, slow);
        }

        hung.FrameRoom = 1;
        shared.Queue.StreamOn();
        for (int i = 0; i < 3; i++)
        {
            shared.Queue.Queue(i);
        }

        hung.Disconnect();
        Assert.That(Backs(shared, 1).Single(), Is.EqualTo(new CompletedBuffer(0, 1, Shared.Page, IsError: true, IsLast: false)));
        Assert.That(shared.Queue.TryDequeue(out _), Is.False);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Export(1, peer);
        shared.Queue.Export(2, peer);
        Assert.That(Numbers(importer, 1), Is.EqualTo(new[] { 3L }));
        Assert.That(Backs(shared, 2).Select(one => (one.Sequence, one.IsError, one.IsSkipped)), Is.EqualTo(new[] { (2L, false, true), (3L, false, false) }));
    }

    /// <summary>Another thread may queue what a request that is about to fail has made already.</summary>
    [Test]
    public void ARequestThatFails_LeavesNothingQueuedOrDone()
    {
        FaultPlan plan = FaultPlan.FailNth(3).At(FaultPoint.FileMap);
        plan.Enabled = false;
        using Shared shared = new(new BufferQueueOptions { Name = "undone", MinBuffers = 3, Faults = plan });
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        using EventRecorder session = EventRecorder.Start();
        session.Told = told =>
        {
            if (told.Name == "FaultInjected")
            {
                // Two are made, and the third one is being refused.
                Crew.RunOne(() =>
                {
                    shared.Queue.StreamOn();
                    shared.Queue.Export(0, peer);
                    shared.Queue.Queue(0);
                    Numbers(importer, 1);
                    Shared.Eventually(() => shared.Queue.Query(0).State == BufferState.Done, "it came back");
                    shared.Queue.Queue(1);
                });
            }
        };
        plan.Enabled = true;
        Shared.Refused(BufferError.OutOfMemory, () => shared.Queue.Request(3, Shared.Page));
        session.Told = null;
        plan.Enabled = false;
        Assert.That(shared.Queue.GetStatistics().HandOvers, Is.EqualTo(1), "the premise");
        Assert.That((shared.Queue.GetStatistics().LiveBuffers, peer.UnacknowledgedFrames), Is.EqualTo((0, 0)));
        shared.Queue.Create(1, Shared.Page);
        shared.Queue.Export(0, peer);
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer ghost), Is.False, $"{ghost}");
        Assert.That(shared.Pass(0, importer), Is.EqualTo(new CompletedBuffer(0, 3, Shared.Page, IsError: false, IsLast: false)));
        Assert.That(shared.Queue.TryDequeue(out ghost), Is.False, $"{ghost}");
    }

    private static List<long> Numbers(BufferImporter importer, int count)
    {
        List<long> numbers = [];
        while (numbers.Count < count && importer.TryReceive(out BufferFrame frame, Shared.Soon))
        {
            numbers.Add(frame.Sequence);
            importer.Acknowledge(frame);
        }

        return numbers;
    }

    private static List<CompletedBuffer> Backs(Shared shared, int count)
    {
        List<CompletedBuffer> back = [];
        while (back.Count < count && shared.Queue.TryDequeue(out CompletedBuffer completed, Shared.Soon))
        {
            back.Add(completed);
        }

        Assert.That(back, Has.Count.EqualTo(count));
        return back;
    }
}
