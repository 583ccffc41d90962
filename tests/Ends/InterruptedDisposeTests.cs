using System.Runtime.Versioning;
using MagAlloc.Tests.Heap.Support;
using MagAlloc.Tests.Sharing.Support;

namespace MagAlloc.Tests.Ends;

/// <summary>Thread.Interrupt on the disposing thread: the disposal comes to its end, and the interrupt stays for the caller.</summary>
[TestFixture]
[NonParallelizable]
[Platform("Linux")]
[SupportedOSPlatform("linux")]
public sealed class InterruptedDisposeTests
{
    private const int Rounds = 120;
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    private static IEnumerable<TestCaseData> Owners()
    {
        yield return Owner("heap", () => Made(Heaps.WithWorker(intervalMs: 1), heap => heap.GetStatistics()));
        yield return Owner("heap with all checks", () => Made(Heaps.WithWorker(CheckLevel.Full, intervalMs: 1), Use));
        yield return Owner("pool", () => Made(
            new UnmanagedPool<long>(new UnmanagedPoolOptions { Reclaim = new() { Interval = TimeSpan.FromMilliseconds(1) }, ReservedBytes = Heaps.GiB }),
            pool => pool.Tick()));
        yield return Owner("cache", () => Made(
            new MagazineCache<SlowSource>(
                default,
                new MagazineCacheOptions { Reclaim = new() { Interval = TimeSpan.FromMilliseconds(1) }, MagazineCapacity = 4 }),
            cache =>
            {
                if (cache.TryAllocate(out ulong id))
                {
                    cache.Free(id);
                }
            }));
        yield return Owner("domain", () => Made(
            new IovaDomain(options: new IovaDomainOptions { AddressBits = 40, Reclaim = new() { Interval = TimeSpan.FromMilliseconds(1) } }),
            domain => domain.Flush()));
        yield return Owner("queue", MakeQueue);
        yield return Owner("importer", MakeImporter);

        static TestCaseData Owner(string name, Func<(IDisposable, Action)> make) => new TestCaseData(make).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Owners))]
    public void ADisposal_UnderAHailOfInterrupts_IsWhole(Delegate make)
    {
        var makeOwner = (Func<(IDisposable Owner, Action Use)>)make;
        DisposeOne(makeOwner, interrupts: false);
        int threads = ProcessState.Threads;
        long addresses = ProcessState.VirtualBytes;
        for (int round = 0; round < Rounds; round++)
        {
            DisposeOne(makeOwner, interrupts: true);
        }

        Assert.That(Crew.Eventually(() => ProcessState.Threads <= threads + 3, s_soon), Is.True, $"{ProcessState.Threads} threads, {threads} before");
        Assert.That(ProcessState.VirtualBytes - addresses, Is.LessThan(Heaps.GiB), "address space is left");
    }

    [TestCaseSource(nameof(Owners))]
    public void AnInterruptThatIsPending_IsPendingAfterTheDisposal(Delegate make)
    {
        (IDisposable owner, _) = ((Func<(IDisposable, Action)>)make)();
        Crew.RunOne(() =>
        {
            Thread.CurrentThread.Interrupt();
            owner.Dispose();
            Assert.Throws<ThreadInterruptedException>(() => Thread.Sleep(s_soon));
        });
    }

    private static void DisposeOne(Func<(IDisposable Owner, Action Use)> make, bool interrupts)
    {
        (IDisposable owner, Action use) = make();
        bool isDone = false;
        Exception? failure = null;
        using ManualResetEventSlim begun = new();
        Crew.Handle users = Crew.Start(2, _ =>
        {
            try
            {
                while (!Volatile.Read(ref isDone))
                {
                    use();
                }
            }
            catch (ObjectDisposedException)
            {
                // The end.
            }
        });
        Thread disposer = new(() =>
        {
            begun.Set();
            try
            {
                owner.Dispose();
            }
            catch (Exception e)
            {
                failure = e;
            }

            Volatile.Write(ref isDone, true);
        });
        disposer.Start();
        begun.Wait();
        while (interrupts && !Volatile.Read(ref isDone))
        {
            disposer.Interrupt();
            Thread.SpinWait(50);
        }

        Assert.That(disposer.Join(s_soon), Is.True, "the disposal has not ended");
        Crew.Finish(users);
        Assert.That(failure, Is.Null);
    }

    private static (IDisposable Owner, Action Use) Made<T>(T owner, Action<T> use)
        where T : IDisposable
        => (owner, () => use(owner));

    private static unsafe void Use(NativeHeap heap) => heap.Free(heap.Allocate(64));

    private static (IDisposable Owner, Action Use) MakeQueue()
    {
        Shared shared = new();
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Request(4, 4 * Shared.Page);
        shared.Export(0, peer, importer);
        shared.Export(1, peer, importer);
        return (new Both(shared.Queue, shared), () => shared.Queue.GetStatistics());
    }

    private static (IDisposable Owner, Action Use) MakeImporter()
    {
        Shared shared = new();
        (BufferPeer peer, BufferImporter importer) = shared.Connect();
        shared.Queue.Request(4, 4 * Shared.Page);
        for (int i = 0; i < 4; i++)
        {
            shared.Export(i, peer, importer);
        }

        return (new Both(importer, shared), () => _ = importer.Imports);
    }

    /// <summary>The one that the test is about, and then the rest, which is not under it.</summary>
    private sealed class Both(IDisposable first, Shared rest) : IDisposable
    {
        public void Dispose()
        {
            first.Dispose();
            Thread others = new(rest.Dispose);
            others.Start();
            while (others.IsAlive)
            {
                Thread.Yield();
            }
        }
    }

    /// <summary>Takes its time to take back.</summary>
    private readonly struct SlowSource : IResourceSource
    {
        public int Acquire(Span<ulong> resources)
        {
            for (int i = 0; i < resources.Length; i++)
            {
                resources[i] = (ulong)i;
            }

            return resources.Length;
        }

        public void Release(ReadOnlySpan<ulong> resources) => Thread.SpinWait(2000);
    }
}
