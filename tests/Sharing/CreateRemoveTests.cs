using System.Runtime.Versioning;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Sharing;

/// <summary><c>VIDIOC_CREATE_BUFS</c> and <c>VIDIOC_REMOVE_BUFS</c>: which indices come and go, as v4l2-compliance has it.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class CreateRemoveTests
{
    private const int Most = 32;

    [Test]
    public void Holes_AreFilledWhereTheyAreLongEnough()
    {
        using Shared shared = new(new BufferQueueOptions { MaxBuffers = Most });
        BufferQueue queue = shared.Queue;
        Assert.That(queue.Create(4, Shared.Page), Is.EqualTo(new BufferRange(0, 4)));
        Assert.That(queue.Remove(1, 2), Is.EqualTo(new ReleaseResult(2, 0, 0, 0)));
        shared.RefusedWithoutTrace(BufferError.Invalid, () => queue.Remove(1, 2));
        Assert.That(queue.Create(3, Shared.Page), Is.EqualTo(new BufferRange(4, 3)), "no hole of three before the end");
        shared.RefusedWithoutTrace(BufferError.Invalid, () => queue.Query(1));
        shared.RefusedWithoutTrace(BufferError.Invalid, () => queue.Query(2));
        shared.RefusedWithoutTrace(BufferError.Invalid, () => queue.Remove(0, 4));
        Assert.That(queue.Query(0).Index, Is.Zero, "nothing was removed across the hole");
        shared.RefusedWithoutTrace(BufferError.Invalid, () => queue.Remove(0, 0xfffffff));
        Assert.That(queue.Create(2, Shared.Page), Is.EqualTo(new BufferRange(1, 2)), "the hole of two");
        Assert.That(queue.Remove(0, 7), Is.EqualTo(new ReleaseResult(7, 0, 0, 0)));
        Assert.That(queue.Create(1, Shared.Page), Is.EqualTo(new BufferRange(0, 1)));
    }

    [Test]
    public void TheSecondOfOne_CannotBeRemoved()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Remove(1, 1));
    }

    [TestCase(-1, 1)]
    [TestCase(0, -1)]
    [TestCase(0, 4)]
    [TestCase(1, 3)]
    [TestCase(31, 2)]
    [TestCase(32, 1)]
    [TestCase(int.MaxValue, 1)]
    [TestCase(int.MaxValue, 3)]
    [TestCase(2, int.MaxValue)]
    [TestCase(int.MinValue, int.MinValue)]
    public void WhatIsNotAllThere_CannotBeRemoved(int first, int count)
    {
        using Shared shared = new(new BufferQueueOptions { MaxBuffers = Most });
        shared.Queue.Request(3, Shared.Page);
        shared.RefusedWithoutTrace(BufferError.Invalid, () => shared.Queue.Remove(first, count));
    }

    [TestCase(0)]
    [TestCase(5)]
    [TestCase(Most)]
    [TestCase(int.MaxValue)]
    public void OfNone_ThereIsNothingToRemove_WhereverItIs(int first)
    {
        using Shared shared = new(new BufferQueueOptions { MaxBuffers = Most });
        shared.Queue.Request(3, Shared.Page);
        Assert.That(shared.Queue.Remove(first, 0), Is.EqualTo(default(ReleaseResult)));
        Assert.That(shared.Queue.GetStatistics().LiveBuffers, Is.EqualTo(3));
    }

    [Test]
    public void WhatIsNotDequeued_CannotBeRemoved_AndNothingElseOfTheRangeIs()
    {
        using Shared shared = new();
        shared.Queue.Request(4, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Export(3, peer, importer);
        shared.Queue.Queue(2);
        BufferException refused = shared.RefusedWithoutTrace(BufferError.Busy, () => shared.Queue.Remove(0, 4));
        Assert.That(refused.Message, Does.Contain("buffer 2 is Queued"));
        shared.Queue.StreamOn();
        shared.Queue.Queue(3);
        refused = shared.RefusedWithoutTrace(BufferError.Busy, () => shared.Queue.Remove(3, 1));
        Assert.That(refused.Message, Does.Contain("buffer 3 is Active"));
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        importer.Acknowledge(frame);
        Shared.Eventually(() => shared.Queue.Query(3).State == BufferState.Done, "it comes back");
        shared.RefusedWithoutTrace(BufferError.Busy, () => shared.Queue.Remove(3, 1));

        Assert.That(shared.Queue.Remove(0, 2).Freed, Is.EqualTo(2), "the dequeued ones, while the stream is on");
        Assert.That(shared.Queue.TryDequeue(out CompletedBuffer late), Is.True);
        Assert.That((late.Index, late.IsSkipped), Is.EqualTo((2, true)), "nobody has it, and a newer frame went out");
        Assert.That(shared.Queue.TryDequeue(out _, Shared.Soon), Is.True);
        Assert.That(shared.Queue.Remove(3, 1), Is.EqualTo(new ReleaseResult(0, 1, Shared.Page, 0)), "held: an orphan");
    }

    [Test]
    public void AtTheMost_ThereIsNoPlace()
    {
        using Shared shared = new(new BufferQueueOptions { MaxBuffers = 4 });
        Assert.That(shared.Queue.Create(3, Shared.Page).Count, Is.EqualTo(3));
        Assert.That(shared.Queue.Create(3, Shared.Page), Is.EqualTo(new BufferRange(3, 1)), "as many as there is room for");
        BufferException refused = shared.RefusedWithoutTrace(BufferError.NoBuffers, () => shared.Queue.Create(1, Shared.Page), quotaRefusals: 1);
        Assert.That(refused.Quota, Is.EqualTo(new QuotaRefusal(BufferQuota.Buffers, 4, 4, 1)));
        Assert.That(shared.Queue.Create(0, Shared.Page), Is.EqualTo(new BufferRange(4, 0)), "but to ask");
    }

    [Test]
    public void WhereNoHoleIsLongEnough_ThereAreFewer()
    {
        using Shared shared = new(new BufferQueueOptions { MaxBuffers = 8 });
        shared.Queue.Create(8, Shared.Page);
        shared.Queue.Remove(1, 1);
        shared.Queue.Remove(3, 2);
        shared.Queue.Remove(6, 1);
        Assert.That(shared.Queue.Create(4, Shared.Page), Is.EqualTo(new BufferRange(3, 2)), "the longest hole");
        Assert.That(shared.Queue.Create(4, Shared.Page), Is.EqualTo(new BufferRange(1, 1)));
        Assert.That(shared.Queue.Create(4, Shared.Page), Is.EqualTo(new BufferRange(6, 1)));
        BufferQueueStatistics books = shared.Queue.GetStatistics();
        Assert.That((books.LiveBuffers, books.LiveBytes), Is.EqualTo((8, 8L * Shared.Page)));
    }

    [Test]
    public void EachCall_HasALengthAndAProfileOfItsOwn()
    {
        using Shared shared = new();
        shared.Queue.Create(1, Shared.Page);
        shared.Queue.Create(1, 5 * Shared.Page, BufferProfile.Immutable);
        shared.Queue.Create(1, 3, BufferProfile.Revocable);
        Assert.That(
            Enumerable.Range(0, 3).Select(i => (shared.Queue.Query(i).Length, shared.Queue.Query(i).Profile)),
            Is.EqualTo(new[] { ((long)Shared.Page, BufferProfile.Stable), (5L * Shared.Page, BufferProfile.Immutable), (Shared.Page, BufferProfile.Revocable) }));
        Assert.That(shared.Queue.GetStatistics().LiveBytes, Is.EqualTo(7 * Shared.Page));
    }

    [Test]
    public void CreatingIsNotRoundedUpToTheLeast()
    {
        using Shared shared = new(new BufferQueueOptions { MinBuffers = 3 });
        Assert.That(shared.Queue.Create(1, Shared.Page), Is.EqualTo(new BufferRange(0, 1)));
    }

    [Test]
    public void WhileTheStreamIsOn_BuffersComeAndGo()
    {
        using Shared shared = new();
        shared.Queue.Create(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Export(0, peer, importer);
        shared.Queue.StreamOn();
        Assert.That(shared.Queue.Create(1, Shared.Page).First, Is.EqualTo(1));
        shared.Export(1, peer, importer);
        Assert.That(shared.Pass(1, importer).Index, Is.EqualTo(1));
        shared.Queue.Remove(1, 1);
        Assert.That(shared.Pass(0, importer).Index, Is.Zero);
    }

    /// <summary>Against the plain rule: the first hole of n, or of the longest that there is.</summary>
    [Test]
    public void RandomPrograms_GetTheIndicesOfTheModel()
    {
        int seed = Environment.TickCount;
        TestContext.Out.WriteLine($"seed {seed}");
        Random random = new(seed);
        using Shared shared = new(new BufferQueueOptions { MaxBuffers = 16 });
        bool[] live = new bool[16];
        for (int step = 0; step < 500; step++)
        {
            int first = random.Next(-1, 17), count = random.Next(1, 6);
            if (random.Next(2) == 0)
            {
                if (live.All(one => one))
                {
                    Shared.Refused(BufferError.NoBuffers, () => shared.Queue.Create(count, 1));
                    continue;
                }

                BufferRange expected = HoleOf(live, Math.Min(count, live.Count(one => !one)));
                Assert.That(shared.Queue.Create(count, 1), Is.EqualTo(expected), $"seed {seed} step {step}");
                Array.Fill(live, true, expected.First, expected.Count);
            }
            else if (first >= 0 && first + count <= 16 && live[first..(first + count)].All(one => one))
            {
                Assert.That(shared.Queue.Remove(first, count).Freed, Is.EqualTo(count), $"seed {seed} step {step}");
                Array.Fill(live, false, first, count);
            }
            else
            {
                Shared.Refused(BufferError.Invalid, () => shared.Queue.Remove(first, count));
            }
        }
    }

    private static BufferRange HoleOf(bool[] live, int count)
    {
        for (; count > 0; count--)
        {
            for (int first = 0; first + count <= live.Length; first++)
            {
                if (!live[first..(first + count)].Any(one => one))
                {
                    return new BufferRange(first, count);
                }
            }
        }

        return default;
    }
}
