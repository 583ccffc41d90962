using System.Diagnostics.Tracing;
using System.Reflection;
using System.Runtime.Versioning;
using MagAlloc.Events;
using MagAlloc.Tests.Events.Support;
using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Events;

/// <summary>Every event is raised for real, and agrees with the books.</summary>
[NonParallelizable]
public sealed unsafe class EveryEventTests
{
    [Test]
    public void An_afternoon_raises_them_all()
    {
        using EventRecorder session = EventRecorder.Start(sampleBytes: 16 * 1024);
        FaultPlan plan = FaultPlan.FailNth(3).At(FaultPoint.SlabCreate);
        using (NativeHeap heap = new(new NativeHeapOptions
        {
            Name = "everything",
            Checks = CheckLevel.Full,
            ByteLimit = 8 << 20,
            Reclaim = ReclaimOptions.Manual,
            Faults = plan,
        }))
        {
            ChurnOnTwoThreads(heap);
            Assert.That(heap.TryAllocate(64 << 20, out _), Is.False);
            void* twice = heap.Allocate(64);
            heap.Free(twice);
            Assert.That(() => heap.Free(twice), Throws.TypeOf<HeapMisuseException>());
            heap.Tick();
            heap.Trim();
            heap.Allocate(100);
        }

        int events = 19;
        if (OperatingSystem.IsLinux())
        {
            ShareAndRevoke();
            events = 28;
        }

        string[] all =
        [
            .. typeof(MagAllocEventSource).GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
                .Where(method => method.IsDefined(typeof(EventAttribute)))
                .OrderBy(method => method.GetCustomAttribute<EventAttribute>()!.EventId).Select(method => method.Name),
        ];
        Assert.That(all, Has.Length.EqualTo(28));
        Assert.That(session.All.Select(one => one.Name).Distinct(), Is.SupersetOf(all[..events]));
    }

    [Test]
    [Platform("Linux")]
    [SupportedOSPlatform("linux")]
    public void Buffers_tell_what_the_books_say()
    {
        using EventRecorder session = EventRecorder.Start();
        ShareAndRevoke();
        long owner = session.OwnerOf("shared");
        string[] told = [.. session.All.Where(one => one.Owner == owner && one.Id is >= 20 and < 28).Select(one => one.Name)];
        RecordedEvent last = session.Of(owner, "BufferStatistics")[^1];

        Assert.That(told, Is.EqualTo(new[]
        {
            "BufferCreated", "BufferCreated", "ImporterConnected", "BufferExported", "QuotaExceeded", "BufferReleased", "BufferReleased",
            "BufferReclaimed", "BufferRevoked", "ImporterGone", "BufferReclaimed",
        }).Or.EqualTo(new[]
        {
            "BufferCreated", "BufferCreated", "ImporterConnected", "BufferExported", "QuotaExceeded", "BufferReleased", "BufferReleased",
            "BufferRevoked", "BufferReclaimed", "ImporterGone", "BufferReclaimed",
        }));
        Assert.That(session.Of(owner, "BufferCreated").Select(one => one["bytes"]), Has.All.EqualTo(8192));
        Assert.That(session.Of(owner, "BufferReleased").Select(one => one["held"]), Is.EquivalentTo(new[] { 0, 1 }));
        Assert.That(session.Of(owner, "ImporterConnected").Single()["process"], Is.EqualTo(Environment.ProcessId));
        Assert.That((last["revocations"], last["reclaims"], last["orphanedBytes"], last["importers"]), Is.EqualTo((1, 1, 0, 0)));
    }

    [Test]
    public void Exchanges_add_up_to_those_of_the_books()
    {
        using EventRecorder session = EventRecorder.Start(MagAllocEventSource.Keywords.Exchange | MagAllocEventSource.Keywords.Owner);
        long exchanges, hits;
        using (NativeHeap heap = Named("exchanging"))
        {
            ChurnOnTwoThreads(heap);
            exchanges = heap.GetStatistics().DepotExchanges;
            hits = heap.GetStatistics().DepotHits;
        }

        IReadOnlyList<RecordedEvent> told = session.Of(session.OwnerOf("exchanging"), "MagazineExchanged");
        Assert.That(exchanges, Is.GreaterThan(20), "the test exchanges");
        Assert.That(told.Sum(one => one["fromDepot"] + one["toDepot"]), Is.EqualTo(exchanges));
        Assert.That(told.Sum(one => one["fromDepot"]), Is.EqualTo(hits));
        Assert.That(told, Has.Count.LessThan(exchanges), "one event stands for many exchanges");
        Assert.That(told.Select(one => one["sizeClass"]), Has.All.InRange(1, 112));
    }

    [Test]
    public void What_threads_do_not_tell_themselves_the_clock_tells()
    {
        using EventRecorder session = EventRecorder.Start(
            MagAllocEventSource.Keywords.Exchange | MagAllocEventSource.Keywords.Owner);
        using NativeHeap heap = Named("idle");
        ExchangeSome(heap);
        long exchanges = heap.GetStatistics().DepotExchanges;
        long owner = session.OwnerOf("idle");

        // This thread does not come by again; the session goes on.
        Assert.That(exchanges, Is.Positive);
        Assert.That(
            Crew.Eventually(() => session.Of(owner, "MagazineExchanged").Sum(one => one["fromDepot"] + one["toDepot"]) == exchanges, TimeSpan.FromSeconds(10)));
    }

    [Test]
    public void What_nobody_listened_to_is_not_told()
    {
        using NativeHeap heap = Named("late");
        long before, exchanges;
        using (EventRecorder.Start(MagAllocEventSource.Keywords.Exchange))
        {
            ExchangeSome(heap);
        }

        ExchangeSome(heap);
        before = heap.GetStatistics().DepotExchanges;
        using EventRecorder session = EventRecorder.Start(MagAllocEventSource.Keywords.Exchange | MagAllocEventSource.Keywords.Owner);
        ExchangeSome(heap);
        exchanges = heap.GetStatistics().DepotExchanges - before;
        long owner = session.OwnerOf("late");
        heap.Dispose();

        Assert.That(exchanges, Is.Positive);
        Assert.That(session.Of(owner, "MagazineExchanged").Sum(one => one["fromDepot"] + one["toDepot"]), Is.EqualTo(exchanges));
    }

    [Test]
    public void Slabs_and_commits_add_up_to_the_books()
    {
        using EventRecorder session = EventRecorder.Start();
        long committed, peak, capacityBytes;
        long owner;
        using (NativeHeap heap = Named("adding up"))
        {
            owner = session.OwnerOf("adding up");
            ChurnOnTwoThreads(heap);
            heap.Trim();
            void* held = heap.Allocate(5000);
            HeapStatistics statistics = heap.GetStatistics();
            committed = statistics.CommittedBytes;
            peak = statistics.PeakCommittedBytes;
            capacityBytes = heap.GetSizeClassStatistics().Sum(one => one.WasteBytes + (one.AllocatedBlocks * one.BlockBytes));
            Assert.That(Sum(session, owner, "SlabClaimed", "bytes") - Sum(session, owner, "SlabRetired", "bytes"), Is.EqualTo(capacityBytes));
            Assert.That(Sum(session, owner, "Committed", "bytes") - Sum(session, owner, "Decommitted", "bytes"), Is.EqualTo(committed));
            Assert.That(session.Of(owner, "Committed").Max(one => one["committedBytes"]), Is.EqualTo(peak));
            Assert.That(Sum(session, owner, "ReclaimStop", "magazines"), Is.EqualTo(statistics.ReclaimedMagazines));
            heap.Free(held);
        }

        IReadOnlyList<RecordedEvent> claimed = session.Of(owner, "SlabClaimed");
        Assert.That(claimed.Select(one => one["address"] % (64 * 1024)), Has.All.Zero);
        Assert.That(session.Of(owner, "ReclaimStart"), Has.Count.EqualTo(session.Of(owner, "ReclaimStop").Count));
    }

    [Test]
    public void The_last_figures_are_told_before_the_end()
    {
        using EventRecorder session = EventRecorder.Start(MagAllocEventSource.Keywords.Owner | MagAllocEventSource.Keywords.Statistics);
        HeapStatistics books;
        using (NativeHeap heap = Named("last words"))
        {
            ExchangeSome(heap);
            heap.Allocate(1000);
            books = heap.GetStatistics();
        }

        long owner = session.OwnerOf("last words");
        RecordedEvent last = session.Of(owner, "OwnerStatistics")[^1];
        Assert.Multiple(() =>
        {
            Assert.That(last.Order, Is.LessThan(session.Of(owner, "OwnerDisposed").Single().Order));
            Assert.That(last["allocatedBytes"], Is.EqualTo(books.AllocatedBytes));
            Assert.That(last["threadCachedBytes"], Is.EqualTo(books.ThreadCachedBytes));
            Assert.That(last["depotCachedBytes"], Is.EqualTo(books.DepotCachedBytes));
            Assert.That(last["committedBytes"], Is.EqualTo(books.CommittedBytes));
            Assert.That(last["peakCommittedBytes"], Is.EqualTo(books.PeakCommittedBytes));
            Assert.That(last["reservedBytes"], Is.EqualTo(books.ReservedBytes));
            Assert.That(last["depotMagazines"], Is.EqualTo(books.DepotMagazines));
            Assert.That(last["depotExchanges"], Is.EqualTo(books.DepotExchanges));
            Assert.That(last["reclaimedMagazines"], Is.EqualTo(books.ReclaimedMagazines));
            Assert.That(last["threads"], Is.EqualTo(books.Threads));
            Assert.That(
                session.Of(owner, "ClassStatistics").Where(one => one.Order > last.Order).Sum(one => one["allocatedBlocks"]),
                Is.EqualTo(books.AllocatedBlocks));
        });
    }

    [Test]
    public void Every_kind_of_owner_is_told_of()
    {
        using EventRecorder session = EventRecorder.Start();
        using (NativeHeap heap = Named("a heap"))
        using (UnmanagedPool<long> pool = new(new UnmanagedPoolOptions { Name = "a pool", Reclaim = ReclaimOptions.Manual }))
        using (MagazineCache<IdStore.Source> cache = new(
            new IdStore.Source(new IdStore(2000)), new MagazineCacheOptions { Name = "a cache", Reclaim = ReclaimOptions.Manual }))
        using (IovaDomain domain = new(options: new IovaDomainOptions { Name = "a domain", Reclaim = ReclaimOptions.Manual }))
        {
            pool.Return(pool.Rent());
            cache.TryAllocate(out ulong id);
            cache.Free(id);
            domain.FreeFast(domain.AllocateFast(1, domain.LastPfn), 1);
        }

        foreach (string kind in (string[])["heap", "pool", "cache", "domain"])
        {
            RecordedEvent born = session.All.Single(one => one.Name == "OwnerCreated" && one.Text("name") == $"a {kind}");
            Assert.That(born.Text("kind"), Is.EqualTo(kind));
            Assert.That(session.Of(born.Owner, "OwnerDisposed"), Has.Count.EqualTo(1), kind);
            Assert.That(session.Of(born.Owner, "OwnerStatistics"), Is.Not.Empty, kind);
            Assert.That(session.Of(born.Owner, "Committed"), Has.Count.GreaterThan(kind == "heap" ? -1 : 0), kind);
        }
    }

    [Test]
    public void Threads_come_and_go()
    {
        using EventRecorder session = EventRecorder.Start(MagAllocEventSource.Keywords.Thread | MagAllocEventSource.Keywords.Owner);
        using NativeHeap heap = Named("threads");
        heap.Free(heap.Allocate(1));
        Crew.Run(3, _ => heap.Free(heap.Allocate(1)));
        heap.Tick();

        long owner = session.OwnerOf("threads");
        Assert.That(Crew.Eventually(
            () =>
            {
                heap.Tick();
                return session.Of(owner, "ThreadAttached").Count - session.Of(owner, "ThreadDetached").Count == heap.GetStatistics().Threads
                    && heap.GetStatistics().Threads == 1;
            },
            TimeSpan.FromSeconds(5)));
        Assert.That(session.Of(owner, "ThreadAttached"), Has.Count.EqualTo(4));
        Assert.That(session.Of(owner, "ThreadAttached").Max(one => one["threads"]), Is.InRange(2, 4));
    }

    private static long Sum(EventRecorder session, long owner, string name, string field) => session.Of(owner, name).Sum(one => one[field]);

    private static NativeHeap Named(string name) => new(new NativeHeapOptions { Name = name, Reclaim = ReclaimOptions.Manual });

    /// <summary>More blocks than two magazines hold, so that whole ones go to the depot and come back.</summary>
    private static void ExchangeSome(NativeHeap heap)
    {
        nint[] blocks = new nint[2000];
        for (int round = 0; round < 4; round++)
        {
            Assert.That(heap.AllocateMany(64, blocks), Is.EqualTo(blocks.Length));
            heap.FreeMany(blocks);
        }
    }

    [SupportedOSPlatform("linux")]
    private static void ShareAndRevoke()
    {
        using Shared shared = new(new BufferQueueOptions { Name = "shared", ByteLimit = 16 * 1024 });
        shared.Queue.Request(2, 5000);
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Export(0, peer, importer);
        Shared.Refused(BufferError.QuotaExceeded, () => shared.Queue.Create(1, 5000));
        shared.Queue.Release(ReleaseMode.Revoke);
        importer.Dispose();
        Assert.That(shared.Queue.WaitForReclaim(Shared.Soon), Is.True);
    }

    private static void ChurnOnTwoThreads(NativeHeap heap) => Crew.Run(2, index =>
    {
        var random = new Random(index);
        Queue<nint> live = new();
        for (int i = 0; i < 20_000; i++)
        {
            if (heap.TryAllocate((nuint)random.Next(1, 2000), out void* block))
            {
                live.Enqueue((nint)block);
            }

            if (live.Count > 600)
            {
                for (int freed = 0; freed < 500; freed++)
                {
                    heap.Free((void*)live.Dequeue());
                }
            }
        }

        while (live.TryDequeue(out nint block))
        {
            heap.Free((void*)block);
        }
    });
}
