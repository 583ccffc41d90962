using System.Runtime.CompilerServices;
using MagAlloc.Tool.Analysis;

namespace MagAlloc.Tests.Stress.Analysis;

/// <summary>A trace of a program of which it is known who keeps what.</summary>
[NonParallelizable]
public sealed unsafe class AllocationSiteTests
{
    private const int BlockBytes = 4096;
    private const int Blocks = 2000;
    private const long Bytes = (long)Blocks * BlockBytes;

    private TemporaryFolder _folder = null!;
    private IReadOnlyList<AllocationSite> _sites = null!;

    [OneTimeSetUp]
    public void TraceTheProgram()
    {
        _folder = new TemporaryFolder();
        using NativeHeap living = new(new NativeHeapOptions { Name = "living", Reclaim = ReclaimOptions.Manual });
        using NativeHeap small = new(new NativeHeapOptions { Name = "small", Reclaim = ReclaimOptions.Manual });
        Recording.Make(
            _folder["sites.nettrace"],
            () =>
            {
                Keep(living);
                FreeAtOnce(living);
                using (NativeHeap ended = new(new NativeHeapOptions { Name = "ended", Reclaim = ReclaimOptions.Manual }))
                {
                    KeepUntilDisposed(ended);
                }

                FreeAllAtTheEnd(small);

                // The last statistics are of the time when all of that is over.
                Thread.Sleep(200);
            },
            Recording.Everything(BlockBytes));
        _sites = AnalyzeRun.Read(_folder["sites.nettrace"]).Sites;
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void SitesAreTheCallersOfTheEngine_EachOnce_TheHeaviestFirst()
    {
        Assert.That(_sites.Select(site => site.Site), Is.Unique.And.All.Not.StartsWith("MagAlloc.NativeHeap"));
        Assert.That(_sites.Select(site => site.Bytes), Is.Ordered.Descending);
    }

    // Weights of about 1,260 samples scatter by less than 4 %; what the owner holds is the bound.
    [Test]
    public void WhatIsKept_IsLive() =>
        Assert.That(Site(nameof(Keep)).MostLiveBytes, Is.EqualTo((double)Bytes).Within(20).Percent.And.LessThanOrEqualTo(Site(nameof(Keep)).Bytes));

    /// <summary>The block of each address but the last was handed out again, and so had been freed.</summary>
    [Test]
    public void AnAddressThatIsHandedOutAgain_WasFreed()
    {
        Assert.That(Site(nameof(FreeAtOnce)).Bytes, Is.EqualTo((double)Bytes).Within(20).Percent);
        Assert.That(Site(nameof(FreeAtOnce)).MostLiveBytes, Is.LessThan(Bytes / 4));
    }

    [Test]
    public void OfAnOwnerThatIsDisposed_NothingLives()
    {
        Assert.That(Site(nameof(KeepUntilDisposed)).Bytes, Is.EqualTo((double)Bytes).Within(20).Percent);
        Assert.That(Site(nameof(KeepUntilDisposed)).MostLiveBytes, Is.Zero);
    }

    /// <summary>No event says so; but the owner's statistics do.</summary>
    [Test]
    public void NoSiteHoldsMoreThanItsOwner() => Assert.That(Site(nameof(FreeAllAtTheEnd)).MostLiveBytes, Is.Zero);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Keep(NativeHeap heap)
    {
        for (int i = 0; i < Blocks; i++)
        {
            _ = heap.Allocate(BlockBytes);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FreeAtOnce(NativeHeap heap)
    {
        for (int i = 0; i < Blocks; i++)
        {
            heap.Free(heap.Allocate(BlockBytes));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void KeepUntilDisposed(NativeHeap heap)
    {
        for (int i = 0; i < Blocks; i++)
        {
            _ = heap.Allocate(BlockBytes);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void FreeAllAtTheEnd(NativeHeap heap)
    {
        nint[] blocks = new nint[Blocks];
        for (int i = 0; i < Blocks; i++)
        {
            blocks[i] = (nint)heap.Allocate(BlockBytes);
        }

        foreach (nint block in blocks)
        {
            heap.Free((void*)block);
        }
    }

    private AllocationSite Site(string method) => _sites.Single(site => site.Site.EndsWith($".{method}", StringComparison.Ordinal));
}
