using System.Diagnostics.Tracing;
using MagAlloc.Events;
using MagAlloc.Tests.Events.Support;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Events;

/// <summary>What sessions are told at their beginning and at intervals, and what listeners may do.</summary>
[NonParallelizable]
public sealed unsafe class SessionTests
{
    [Test]
    public void A_session_is_told_of_all_who_live()
    {
        using NativeHeap first = Named("before");
        using (NativeHeap gone = Named("gone"))
        {
            gone.Free(gone.Allocate(1));
        }

        using EventRecorder session = EventRecorder.Start(MagAllocEventSource.Keywords.Owner | MagAllocEventSource.Keywords.Statistics);
        Assert.That(session.Of(session.OwnerOf("before"), "OwnerStatistics"), Has.Count.EqualTo(1));
        Assert.That(session.All.Where(one => one.Name == "OwnerCreated").Select(one => one.Text("name")), Does.Not.Contain("gone"));
    }

    [Test]
    public void Figures_come_at_the_interval_that_the_session_asks_for()
    {
        using NativeHeap heap = Named("ticking");
        using EventRecorder session = EventRecorder.Start(
            MagAllocEventSource.Keywords.Owner | MagAllocEventSource.Keywords.Statistics, EventLevel.Informational, statisticsMs: 10);
        long owner = session.OwnerOf("ticking");

        Assert.That(Crew.Eventually(() => session.Of(owner, "OwnerStatistics").Count >= 10, TimeSpan.FromSeconds(10)));
        Assert.That(session.All.Select(one => one.Name), Does.Not.Contain("ClassStatistics"), "verbose was not asked for");
    }

    /// <summary>Neither beats nor a budget wait for figures that somebody wants once an hour.</summary>
    [Test]
    public void Exchanges_are_told_by_the_beat_whatever_the_interval_of_figures()
    {
        using NativeHeap heap = Named("beating");
        using EventRecorder session = EventRecorder.Start(statisticsMs: 3600 * 1000);
        long owner = session.OwnerOf("beating");
        nint[] blocks = new nint[2000];
        heap.AllocateMany(64, blocks);
        heap.FreeMany(blocks);
        int beat = MagAllocEventSource.Log.Beat;
        Assert.That(Crew.Eventually(() => MagAllocEventSource.Log.Beat >= beat + 3, TimeSpan.FromSeconds(10)));
        Assert.That(Crew.Eventually(() => session.Of(owner, "MagazineExchanged").Count != 0, TimeSpan.FromSeconds(10)));
        Assert.That(session.Of(owner, "OwnerStatistics"), Has.Count.EqualTo(1), "at the beginning");
    }

    /// <summary>One that asks for nothing gets the defaults, whatever a former one had asked for.</summary>
    [Test]
    public void Arguments_end_with_the_last_session()
    {
        EventRecorder.Start(sampleBytes: 0, statisticsMs: 3600 * 1000).Dispose();
        using NativeHeap heap = Named("defaults");
        using EventRecorder session = EventRecorder.StartPlainly();
        long owner = session.OwnerOf("defaults");
        Assert.That(MagAllocEventSource.Log.MeanBytes, Is.EqualTo(MagAllocEventSource.DefaultSampleBytes));
        Assert.That(Crew.Eventually(() => session.Of(owner, "OwnerStatistics").Count >= 3, TimeSpan.FromSeconds(10)));
    }

    [Test]
    public void Nothing_is_told_after_the_session()
    {
        using NativeHeap heap = Named("quiet");
        EventRecorder session = EventRecorder.Start(statisticsMs: 10);
        session.Dispose();
        int told = session.All.Count;
        heap.Free(heap.Allocate(100));
        Thread.Sleep(100);

        Assert.That(session.All, Has.Count.EqualTo(told));
        Assert.That(MagAllocEventSource.Log.IsEnabled(), Is.False);
    }

    [Test]
    public void A_listener_may_allocate_and_free_from_the_heap_it_listens_to()
    {
        using NativeHeap heap = Named("nested");
        using EventRecorder session = EventRecorder.Start(sampleBytes: 4096);
        HashSet<nint> held = [];
        int nested = 0;
        session.Told = one =>
        {
            nested++;
            for (int i = 0; i < 3; i++)
            {
                Assert.That(held.Add((nint)heap.Allocate((nuint)(16 * (1 + (nested % 40))))), "a block was handed out twice");
            }
        };
        var random = new Random(1);
        for (int i = 0; i < 30_000; i++)
        {
            Assert.That(held.Add((nint)heap.Allocate((nuint)random.Next(1, 3000))), "a block was handed out twice");
            if (held.Count > 2000)
            {
                nint[] freed = [.. held.Take(1900)];
                held.ExceptWith(freed);
                heap.FreeMany(freed);
            }

            if (i % 1000 == 0)
            {
                // Events of what goes home come in the middle of the flush.
                heap.Trim();
            }
        }

        session.Told = null;
        Assert.That(heap.GetStatistics().Misuses, Is.Zero);
        Assert.That(nested, Is.GreaterThan(100));
        HeapStatistics statistics = heap.GetStatistics();
        Books.Balance(statistics);
        Assert.That(statistics.AllocatedBlocks, Is.EqualTo(held.Count));
    }

    [Test]
    public void A_listener_must_not_dispose_what_it_listens_to()
    {
        NativeHeap heap = Named("suicide");
        using EventRecorder session = EventRecorder.Start(MagAllocEventSource.Keywords.Slab);
        Exception? refused = null;
        session.Told = _ =>
        {
            try
            {
                heap.Dispose();
            }
            catch (InvalidOperationException e)
            {
                refused = e;
            }
        };
        heap.Free(heap.Allocate(100));
        session.Told = null;

        Assert.That(refused?.Message, Does.Contain("listener"));
        heap.Dispose();
    }

    [Test]
    public void An_exception_out_of_a_listener_reaches_nobody()
    {
        using NativeHeap heap = Named("thrower");
        using EventRecorder session = EventRecorder.Start();
        session.Told = _ => throw new FormatException();
        nint[] blocks = new nint[3000];
        Assert.That(heap.AllocateMany(500, blocks), Is.EqualTo(blocks.Length));
        heap.FreeMany(blocks);
        session.Told = null;
        Books.BalanceEmpty(heap);
    }

    [Test]
    public void Owners_that_nobody_disposes_are_not_held_alive()
    {
        WeakReference heap = MakeAndForget();
        Assert.That(
            Crew.Eventually(
                () =>
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                    return !heap.IsAlive;
                },
                TimeSpan.FromSeconds(10)));
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference MakeAndForget()
    {
        using EventRecorder session = EventRecorder.Start();
        return new WeakReference(Named("forgotten"));
    }

    private static NativeHeap Named(string name) => new(new NativeHeapOptions { Name = name, Reclaim = ReclaimOptions.Manual, ReservedBytes = 1 << 30 });
}
