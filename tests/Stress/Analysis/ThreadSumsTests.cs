using MagAlloc.Magazines;
using MagAlloc.Platform;
using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tool.Analysis;
using Microsoft.Diagnostics.Tracing;

namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>Exchanges by thread, as a trace has them: what each thread's cache counted, exactly.</summary>
[NonParallelizable]
public sealed unsafe class ThreadSumsTests
{
    [Test]
    public void ExchangesByThread_AreWhatEachThreadExchanged()
    {
        using TemporaryFolder folder = new();
        Dictionary<int, (long FromDepot, long ToDepot)> made = [];
        Recording.Make(folder["threads.nettrace"], () => Exchange(made), Recording.Everything(64 * 1024));

        TraceModel trace = AnalyzeRun.Read(folder["threads.nettrace"]);

        Assert.That(trace.DroppedEvents, Is.Zero);
        Assert.That(made, Has.Count.EqualTo(4));
        Assert.That(
            trace.Threads.Where(thread => thread.TotalExchanges != 0).ToDictionary(thread => thread.Id, thread => (thread.FromDepot, thread.ToDepot)),
            Is.EquivalentTo(made));
        AssertSomeToldThemselves(folder["threads.nettrace"]);
    }

    /// <summary>Two threads at the same time, longer than a beat, so that they tell themselves too; then two that take over their caches.</summary>
    private static void Exchange(Dictionary<int, (long FromDepot, long ToDepot)> made)
    {
        NativeHeap heap = new(new NativeHeapOptions { Name = "threads", Reclaim = ReclaimOptions.Manual });
        List<Tenancy> tenancies = [];
        List<ThreadRecord> records = [];
        Crew.Run(2, _ => Exchange(heap, tenancies, records, done: null));
        using CountdownEvent done = new(2);
        using ManualResetEventSlim end = new();
        Crew.Handle crew = Crew.Start(2, _ =>
        {
            Exchange(heap, tenancies, records, done);

            // No cache is drained after the books are read: each has a living owner.
            end.Wait();
        });
        done.Wait();

        // By the books of the caches.
        foreach (IGrouping<nint, Tenancy> tenants in tenancies.GroupBy(tenancy => tenancy.Cache))
        {
            Tenancy last = Tenancy.Now((ThreadCache*)tenants.Key);
            foreach ((Tenancy from, Tenancy to) in tenants.Zip([.. tenants.Skip(1), last]))
            {
                (long fromDepot, long toDepot) = made.GetValueOrDefault(from.Thread);
                made[from.Thread] = (fromDepot + to.Taken - from.Taken, toDepot + to.Brought - from.Brought);
            }
        }

        heap.Dispose();
        end.Set();
        Crew.Finish(crew);
        GC.KeepAlive(records);
    }

    /// <param name="heap">The heap.</param>
    /// <param name="tenancies">Takes what the thread's cache had exchanged before.</param>
    /// <param name="records">Keeps the thread's record reachable, so that no finalizer drains its cache: the next thread shall take it over.</param>
    /// <param name="done">Signalled at the end.</param>
    private static void Exchange(NativeHeap heap, List<Tenancy> tenancies, List<ThreadRecord> records, CountdownEvent? done)
    {
        Tenancy begin = Tenancy.Now(heap.Core.Engine.Current());
        lock (tenancies)
        {
            tenancies.Add(begin);
            records.Add(ThreadRecord.Current);
        }

        nint[] blocks = new nint[1200];
        for (int round = 0; round < 40; round++)
        {
            heap.AllocateMany(64, blocks);
            heap.FreeMany(blocks);
            Thread.Sleep(10);
        }

        done?.Signal();
    }

    /// <summary>The number in the event is the one under which EventPipe files what a thread writes.</summary>
    private static void AssertSomeToldThemselves(string file)
    {
        int themselves = 0;
        int others = 0;
        using EventPipeEventSource source = new(file);
        source.Dynamic.AddCallbackForProviderEvent("MagAlloc", "MagazineExchanged", data =>
        {
            if ((long)data.PayloadByName("threadId") == data.ThreadID)
                themselves++;
            else
                others++;
        });
        source.Process();
        Assert.That(themselves, Is.Positive, "threads tell of themselves");
        Assert.That(others, Is.Positive, "others tell on their behalf");
    }

    /// <summary>What a cache had exchanged when a thread got it.</summary>
    private sealed record Tenancy(int Thread, nint Cache, long Taken, long Brought)
    {
        public static Tenancy Now(ThreadCache* cache) =>
            new((int)OsThread.CurrentId, (nint)cache, cache->DepotHits, cache->DepotExchanges - cache->DepotHits);
    }
}
