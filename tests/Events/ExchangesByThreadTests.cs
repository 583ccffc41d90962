using System.Diagnostics.Tracing;
using MagAlloc.Events;
using MagAlloc.Magazines;
using MagAlloc.Platform;
using MagAlloc.Slabs;
using MagAlloc.Tests.Events.Support;
using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Events;

/// <summary>Exchanges are told under the number of the thread that made them, whoever tells.</summary>
[NonParallelizable]
public sealed unsafe class ExchangesByThreadTests
{
    private const EventKeywords Wanted = MagAllocEventSource.Keywords.Exchange | MagAllocEventSource.Keywords.Owner;

    [Test]
    public void Threads_that_work_at_the_same_time_are_told_apart()
    {
        using EventRecorder session = EventRecorder.Start(Wanted);
        NativeHeap heap = Named("together");
        Dictionary<uint, long> made = [];
        using (CountdownEvent done = new(3))
        using (ManualResetEventSlim end = new())
        {
            Crew.Handle crew = Crew.Start(3, index =>
            {
                Exchange(heap, rounds: 2 + index);
                lock (made)
                {
                    made.Add(OsThread.CurrentId, Engine(heap).FindOwn()->DepotExchanges);
                }

                // Alive until all is told: nobody drains its cache.
                done.Signal();
                end.Wait();
            });
            done.Wait();
            heap.Dispose();
            end.Set();
            Crew.Finish(crew);
        }

        Assert.That(made.Values, Has.All.Positive.And.Exactly(3).Items);
        AssertTold(session, "together", made);
    }

    [Test]
    public void What_the_clock_tells_is_the_idle_threads()
    {
        using EventRecorder session = EventRecorder.Start(Wanted);
        using NativeHeap heap = Named("idle");
        long owner = session.OwnerOf("idle");
        Exchange(heap, rounds: 3);
        long exchanges = Engine(heap).FindOwn()->DepotExchanges;

        Assert.That(exchanges, Is.Positive);
        Assert.That(Crew.Eventually(() => Sum(Told(session, owner)) == exchanges, TimeSpan.FromSeconds(10)));
        Assert.That(Told(session, owner).Select(one => one.ThreadId), Has.Some.Not.EqualTo(Environment.CurrentManagedThreadId), "the clock told");
        AssertTold(session, "idle", new() { [OsThread.CurrentId] = exchanges });
    }

    /// <summary>One cache goes from thread to thread.</summary>
    /// <param name="drained">The cache of each that has ended is drained before the next one comes.</param>
    /// <param name="nested">Whoever is told allocates: in the middle of a take-over too.</param>
    [TestCase(false, false)]
    [TestCase(true, false)]
    [TestCase(false, true)]
    public void What_a_predecessor_exchanged_is_not_its_successors(bool drained, bool nested)
    {
        const int Generations = 12;
        using EventRecorder session = EventRecorder.Start(Wanted);
        NativeHeap heap = Named("generations");
        List<(uint Thread, long Before)> generations = [];

        // Reachable, so that no finalizer drains in the middle of a take-over: then the next thread would have a cache of its own.
        List<ThreadRecord> records = [];
        if (nested)
        {
            session.Told = _ => heap.Free(heap.Allocate(64));
        }

        for (int i = 0; i < Generations; i++)
        {
            Crew.RunOne(() =>
            {
                ThreadCache* cache = Engine(heap).Current();
                records.Add(ThreadRecord.Current);
                generations.Add((OsThread.CurrentId, cache->DepotExchanges));
                Exchange(heap, rounds: 2);
                Assert.That(heap.GetStatistics().Threads, Is.EqualTo(1), "a thread has one cache");
            });
            if (drained)
            {
                heap.Tick();
                Assert.That(heap.GetStatistics().Threads, Is.Zero);
            }
        }

        session.Told = null;

        // This thread takes the last one's over, and exchanges nothing.
        long all = Engine(heap).Current()->DepotExchanges;
        heap.Dispose();
        Dictionary<uint, long> made = [];
        for (int i = 0; i < Generations; i++)
        {
            // By the books of the cache, and not as the thread left them: what draining brought home counts as the dead one's.
            long after = i + 1 < Generations ? generations[i + 1].Before : all;
            made[generations[i].Thread] = made.GetValueOrDefault(generations[i].Thread) + after - generations[i].Before;
        }

        Assert.That(made.Values, Has.All.Positive);
        AssertTold(session, "generations", made);
        GC.KeepAlive(records);
    }

    [Test]
    public void Inside_an_event_nothing_untold_is_taken_over()
    {
        using EventRecorder session = EventRecorder.Start(Wanted);
        NativeHeap heap = Named("outer");
        NativeHeap other = Named("inner");
        Dictionary<uint, long> made = [];
        ThreadRecord? record = null;
        session.Told = one =>
        {
            if (one.Name != "MagazineExchanged" || one.Owner != session.OwnerOf("outer"))
            {
                return;
            }

            session.Told = null;

            // A thread ends and leaves exchanges that nobody was told of, while this one is inside an event.
            Crew.RunOne(() =>
            {
                // Reachable, so that no finalizer drains the cache.
                record = ThreadRecord.Current;
                Exchange(other, rounds: 3);
                made.Add(OsThread.CurrentId, Engine(other).FindOwn()->DepotExchanges);
            });
            long own = Engine(other).Current()->DepotExchanges;
            Exchange(other, rounds: 2);
            made.Add(OsThread.CurrentId, Engine(other).FindOwn()->DepotExchanges - own);
        };
        while (session.Told is not null)
        {
            Exchange(heap, rounds: 1);
        }

        heap.Dispose();
        other.Dispose();

        Assert.That(made.Values, Has.All.Positive.And.Exactly(2).Items);
        AssertTold(session, "inner", made);
        GC.KeepAlive(record);
    }

    private static MagazineEngine<SlabSource> Engine(NativeHeap heap) => heap.Core.Engine;

    private static void AssertTold(EventRecorder session, string owner, Dictionary<uint, long> made)
    {
        Dictionary<uint, long> told = Told(session, session.OwnerOf(owner))
            .GroupBy(one => (uint)one["threadId"])
            .ToDictionary(group => group.Key, group => Sum(group));
        Assert.That(told, Is.EquivalentTo(made));
    }

    private static IReadOnlyList<RecordedEvent> Told(EventRecorder session, long owner) => session.Of(owner, "MagazineExchanged");

    private static long Sum(IEnumerable<RecordedEvent> told) => told.Sum(one => one["fromDepot"] + one["toDepot"]);

    private static NativeHeap Named(string name) => new(new NativeHeapOptions { Name = name, Reclaim = ReclaimOptions.Manual });

    /// <summary>More blocks than two magazines hold, so that whole ones go to the depot and come back.</summary>
    private static void Exchange(NativeHeap heap, int rounds)
    {
        nint[] blocks = new nint[1200];
        for (int round = 0; round < rounds; round++)
        {
            Assert.That(heap.AllocateMany(64, blocks), Is.EqualTo(blocks.Length));
            heap.FreeMany(blocks);
        }
    }
}
