using System.Buffers;
using System.Runtime.Versioning;
using MagAlloc.Tests.Docs;
using MagAlloc.Tests.Sharing.Support;
using MagAlloc.Tests.Stress.Tracing;

namespace MagAlloc.Tests.Sharing;

/// <summary>What the owner has released an importer lets go of by itself, unless somebody uses it.</summary>
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class LetGoTests
{
    private const int Changes = 100;
    private const int Buffers = 4;

    /// <summary>The loop of docs/sharing.md. At the 18th change the owner used to be refused.</summary>
    [Test]
    public void AHundredChangesOfTheFormat_CostTheDocumentedLoopNothing()
    {
        using Shared shared = new();
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        long seen = 0;
        Thread consumer = new(() =>
        {
            while (importer.TryReceive(out BufferFrame frame, Shared.Soon))
            {
                seen++;
                importer.Acknowledge(in frame);
                if (frame.IsLast)
                {
                    break;
                }
            }
        });
        consumer.Start();
        ChangeFormats(shared.Queue, peer);
        consumer.Join();
        Assert.That(seen, Is.EqualTo(Changes * Buffers));
        Assert.That(importer.TryReceive(out _), Is.False);
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True, "the last ones, too");
    }

    [Test]
    [NonParallelizable]
    public void AHundredChangesOfTheFormat_CostTheSampleNothing()
    {
        using Shared shared = new();
        using ExternalProgram consumer = Samples.Start("Consumer", shared.Address);
        BufferPeer peer = shared.Queue.Accept(shared.Listener, TimeSpan.FromSeconds(60))!;
        ChangeFormats(shared.Queue, peer);
        Assert.That(consumer.AwaitEnd(), Is.Zero, consumer.Output);
        Assert.That(consumer.Output, Does.Contain($"saw {Changes * Buffers} frames"));
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    /// <summary>Who only waits is told.</summary>
    [Test]
    public void OneThatWaits_LetsGoAtOnce()
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Export(0, peer);
        shared.Queue.Export(1, peer);
        using ManualResetEventSlim stop = new();
        Thread waiter = new(() =>
        {
            while (!stop.IsSet)
            {
                importer.TryReceive(out _, TimeSpan.FromSeconds(30));
            }
        });
        waiter.Start();
        Shared.Eventually(() => importer.Imports.Count == 2, "imported");
        Assert.That(shared.Queue.Release().Orphaned, Is.EqualTo(2));
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
        Assert.That((importer.Imports.Count, peer.HeldBuffers), Is.EqualTo((0, 0)));
        stop.Set();
        importer.Dispose();
        waiter.Join();
    }

    [Test]
    public void AFrameThatIsNotAcknowledged_KeepsItsBuffer([Values(ReleaseMode.Orphan, ReleaseMode.Revoke)] ReleaseMode mode)
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        shared.Queue.GetSpan(0).Fill(7);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Export(0, peer);
        shared.Queue.Export(1, peer);
        shared.Queue.StreamOn();
        shared.Queue.Queue(0);
        Assert.That(importer.TryReceive(out BufferFrame frame, Shared.Soon), Is.True);
        ReadOnlySpan<byte> span = frame.Span;
        Shared.Eventually(() => importer.TryReceive(out _) || importer.Imports.Count == 2, "both are imported");
        shared.Queue.StreamOff();
        shared.Queue.Release(mode);
        Shared.Eventually(() => importer.TryReceive(out _) || importer.Imports.Count == 1, "the other one is let go of");
        Assert.That(span.IndexOfAnyExcept(mode == ReleaseMode.Orphan ? (byte)7 : (byte)0), Is.EqualTo(-1), "mapped");
        importer.Acknowledge(frame);
        Assert.That(importer.TryReceive(out _), Is.False);
        Assert.That(importer.Imports, Is.Empty);
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    [Test]
    public void APin_KeepsItsBuffer()
    {
        using Shared shared = new();
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Export(0, peer);
        Shared.Eventually(() => importer.TryReceive(out _) || importer.Imports.Count == 1, "imported");
        Memory<byte> memory = importer.Imports[0].GetMemory();
        MemoryHandle pin = memory.Pin();
        shared.Queue.Release();
        Assert.That(importer.TryReceive(out _, TimeSpan.FromMilliseconds(20)), Is.False);
        Assert.That((importer.Imports.Count, memory.Span[0]), Is.EqualTo((1, (byte)0)));
        pin.Dispose();
        Assert.That(importer.TryReceive(out _), Is.False);
        Assert.That(importer.Imports, Is.Empty);
        Assert.Throws<ObjectDisposedException>(() => memory.Span.Clear());
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    /// <summary>Whoever has got the import itself may be reading it on another thread, without any frame.</summary>
    [Test]
    public void WhatACallerHasGot_IsHis_AndSoIsAllIfHeWants([Values] bool keepsReleased)
    {
        using Shared shared = new();
        shared.Queue.Request(2, Shared.Page);
        shared.Queue.GetSpan(0).Fill(3);
        (BufferPeer peer, BufferImporter importer) = shared.Connect(new BufferImporterOptions { KeepReleased = keepsReleased });
        BufferImport mine = shared.Export(0, peer, importer);
        shared.Queue.Export(1, peer);
        Shared.Eventually(() => importer.TryReceive(out _) || importer.Imports.Count == 2, "imported");
        shared.Queue.Release();
        Assert.That(importer.TryReceive(out _, TimeSpan.FromMilliseconds(20)), Is.False);
        Assert.That((importer.Imports.Count, mine.IsReleased, mine.GetSpan().IndexOfAnyExcept((byte)3)), Is.EqualTo((keepsReleased ? 2 : 1, true, -1)));
        foreach (BufferImport import in importer.Imports)
        {
            import.Dispose();
        }

        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    /// <summary>A notice that found no room, or that a fault swallowed, is made up for by the next export.</summary>
    [Test]
    public void ALostNotice_IsMadeUpFor()
    {
        FaultPlan plan = FaultPlan.FailNth(1).At(FaultPoint.Message);
        plan.Enabled = false;
        using Shared shared = new(new BufferQueueOptions { Faults = plan });
        shared.Queue.Request(1, Shared.Page);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Export(0, peer);
        Shared.Eventually(() => importer.TryReceive(out _) || importer.Imports.Count == 1, "imported");
        plan.Enabled = true;
        shared.Queue.Release();
        plan.Enabled = false;
        Assert.That(plan.Injected, Is.EqualTo(1));
        Assert.That(importer.TryReceive(out _, TimeSpan.FromMilliseconds(20)), Is.False);
        Assert.That(importer.Imports, Has.Count.EqualTo(1), "the premise");
        shared.Queue.Request(1, Shared.Page);
        shared.Queue.Export(0, peer);
        Shared.Eventually(() => importer.TryReceive(out _) || (importer.Imports.Count == 1 && peer.HeldBuffers == 1), "the old one is let go of");
    }

    private static void ChangeFormats(BufferQueue queue, BufferPeer peer)
    {
        for (int change = 1; change <= Changes; change++)
        {
            Assert.That(queue.Request(Buffers, change * Shared.Page), Is.EqualTo(Buffers), $"change {change}");
            for (int i = 0; i < Buffers; i++)
            {
                queue.Export(i, peer);
            }

            queue.StreamOn();
            for (int i = 0; i < Buffers; i++)
            {
                queue.Queue(i, isLast: change == Changes && i == Buffers - 1);
            }

            for (int i = 0; i < Buffers; i++)
            {
                Assert.That(queue.TryDequeue(out CompletedBuffer completed, TimeSpan.FromSeconds(60)) && !completed.IsError, Is.True, $"change {change}, frame {i}");
            }

            queue.StreamOff();
            queue.Release();
        }
    }
}
