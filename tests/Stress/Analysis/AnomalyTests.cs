using MagAlloc.Tool.Analysis;
using MagAlloc.Tool.Analysis.Anomalies;
using Microsoft.Diagnostics.NETCore.Client;

namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>Programs that do what an anomaly is about, traced for real; and one that does nothing of the kind.</summary>
[NonParallelizable]
public sealed unsafe class AnomalyTests
{
    private const int Milliseconds = 2800;
    private const int Steps = 140;

    private TemporaryFolder _folder = null!;
    private TraceModel _trace = null!;
    private IReadOnlyList<Anomaly> _anomalies = [];

    [OneTimeSetUp]
    public void TraceThePrograms()
    {
        _folder = new TemporaryFolder();
        EventPipeProvider[] providers = Recording.Everything(16 * 1024);
        Recording.Make(_folder["odd.nettrace"], () => Together(HoardInDepot, GrowForEver, HandOver, Waste, Behave, MisuseAndLeak), providers);
        _trace = AnalyzeRun.Read(_folder["odd.nettrace"]);
        _anomalies = AnomalySearch.Find(_trace);
        foreach (Anomaly anomaly in _anomalies)
            TestContext.Progress.WriteLine($"{anomaly.Severity} {anomaly.Kind}: {anomaly.Text}");
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("depot-only-grows", "hoard")]
    [TestCase("live-only-grows", "grows")]
    [TestCase("class-waste", "wasteful")]
    [TestCase("misuse", "misused")]
    [TestCase("leak", "leaky")]
    public void IsFound(string kind, string heap) =>
        Assert.That(_anomalies.Where(anomaly => anomaly.Kind == kind).Select(anomaly => anomaly.Text), Has.Some.Contains($"'{heap}'"));

    [Test]
    public void AThreadThatNeverFrees_AndOneThatOnlyFrees_AreFound()
    {
        Assert.That(_anomalies.Select(anomaly => anomaly.Kind), Does.Contain("never-frees").And.Contain("only-frees"));

        Anomaly takes = _anomalies.First(anomaly => anomaly.Kind == "never-frees");
        Anomaly gives = _anomalies.First(anomaly => anomaly.Kind == "only-frees");
        Assert.That(takes.Text, Does.Contain("thread "));
        Assert.That(gives.Text, Does.Contain("magazines brought to depots"));
    }

    [Test]
    public void AProgramThatBehaves_IsNotAccused() =>
        Assert.That(_anomalies.Select(anomaly => anomaly.Text), Has.None.Contains("'good'"));

    [Test]
    public void TheGravestComeFirst() => Assert.That(_anomalies.Select(anomaly => (int)anomaly.Severity), Is.Ordered.Descending);

    /// <summary>Blocks come home at a steady rate, and nobody asks for their size again; nothing reclaims.</summary>
    private static void HoardInDepot()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Name = "hoard", Reclaim = ReclaimOptions.Manual });
        nint[] kept = Blocks(heap, 64 << 10, 512);
        nint[] freed = Blocks(heap, 40_000, 64);
        Steadily(step =>
        {
            int share = freed.Length / Steps;
            for (int i = step * share; i < (step + 1) * share; i++)
                heap.Free((void*)freed[i]);
        });
        GC.KeepAlive(kept);
    }

    private static void GrowForEver()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Name = "grows" });
        Steadily(_ => Blocks(heap, 100, 1024));
    }

    /// <summary>One thread allocates, another frees.</summary>
    private static void HandOver()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Name = "handed over" });
        using System.Collections.Concurrent.BlockingCollection<nint[]> slots = new(4);
        Thread frees = new(() =>
        {
            foreach (nint[] blocks in slots.GetConsumingEnumerable())
            {
                foreach (nint block in blocks)
                    heap.Free((void*)block);
            }
        });
        frees.Start();
        Steadily(_ => slots.Add(Blocks(heap, 4000, 256)));
        slots.CompleteAdding();
        frees.Join();
    }

    /// <summary>One block of sixteen stays, in every slab.</summary>
    private static void Waste()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Name = "wasteful" });
        nint[] blocks = Blocks(heap, 8000, 1024);
        for (int i = 0; i < blocks.Length; i++)
        {
            if (i % 16 != 0)
                heap.Free((void*)blocks[i]);
        }

        Steadily(_ => { });
    }

    private static void Behave()
    {
        using NativeHeap heap = new(new NativeHeapOptions { Name = "good" });
        nint[] kept = Blocks(heap, 10_000, 200);
        Steadily(_ =>
        {
            foreach (nint block in Blocks(heap, 1000, 200))
                heap.Free((void*)block);
        });
        foreach (nint block in kept)
            heap.Free((void*)block);
    }

    private static void MisuseAndLeak()
    {
        using (NativeHeap heap = new(new NativeHeapOptions { Name = "misused", Checks = CheckLevel.Basic }))
        {
            void* block = heap.Allocate(100);
            heap.Free(block);
            Assert.That(() => heap.Free(block), Throws.InstanceOf<HeapMisuseException>());
        }

        NativeHeap leaky = new(new NativeHeapOptions { Name = "leaky", Checks = CheckLevel.Full });
        leaky.Allocate(100);
        try
        {
            leaky.Dispose();
        }
        catch (HeapMisuseException)
        {
            // How a leak is reported beside the event is not this test's matter.
        }
    }

    private static nint[] Blocks(NativeHeap heap, int count, nuint size)
    {
        nint[] blocks = new nint[count];
        for (int i = 0; i < count; i++)
            blocks[i] = (nint)heap.Allocate(size);
        return blocks;
    }

    private static void Steadily(Action<int> step)
    {
        for (int i = 0; i < Steps; i++)
        {
            step(i);
            Thread.Sleep(Milliseconds / Steps);
        }
    }

    private static void Together(params Action[] programs)
    {
        List<Exception> failures = [];
        Thread[] threads =
        [
            .. programs.Select(program => new Thread(() =>
            {
                try
                {
                    program();
                }
                catch (Exception e)
                {
                    lock (failures)
                        failures.Add(e);
                }
            })),
        ];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        Assert.That(failures, Is.Empty);
    }
}
