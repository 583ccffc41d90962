using MagAlloc.Concurrency;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Concurrency;

/// <summary>What an allocation does about things that others have out of sight.</summary>
[TestFixture]
public sealed unsafe class SecondLookTests
{
    /// <summary>A source that is called by a pass allocates: the pass is this thread's own.</summary>
    [Test]
    public void AThread_DoesNotWaitForWhatItHasItself()
    {
        Transit transit = new();
        transit.Begin();
        long ended = transit.EndedElsewhere;
        Assert.That(transit.HasMovedSince(ended), Is.False);
        transit.End();
        Assert.That(transit.HasMovedSince(ended), Is.False);
    }

    [Test]
    public void WhatAnotherThreadHas_IsSeen()
    {
        Transit transit = new();
        long ended = transit.EndedElsewhere;
        Thread other = new(transit.Begin);
        other.Start();
        other.Join();
        Assert.That(transit.HasMovedSince(ended), Is.True);
    }

    [Test]
    public void AnInterrupt_DoesNotEndAnAllocationThatWaits_AndStaysPending()
    {
        using NativeHeap heap = Heaps.Quiet(byteLimit: 2 * Heaps.MiB);
        Thread other = new(heap.Core.Committed.Transit.Begin);
        other.Start();
        other.Join();
        Thread.CurrentThread.Interrupt();
        bool got = heap.TryAllocate(3 << 19, out void* first) & heap.TryAllocate(3 << 19, out _);
        Assert.Throws<ThreadInterruptedException>(() => Thread.Sleep(0));
        Assert.That((got, first != null), Is.EqualTo((false, true)));
    }
}
