using MagAlloc.Tests.Heap.Support;

namespace MagAlloc.Tests.Heap;

/// <summary>
/// Linux fa8fb60d3637 ("iommu/iova: check for NULL in iova_magazine_free()"): when allocating a CPU's magazines failed
/// half-way, the clean-up released magazines that had never been built. Here every magazine fails in turn.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed unsafe class MagazineInitFailureTests
{
    [TestCaseSource(typeof(Heaps), nameof(Heaps.AllLevels))]
    public void InitFailureOfEveryMagazine_ThenDispose_ReleasesOnlyWhatWasBuilt(CheckLevel checks)
    {
        long n = 1;
        int refusals = 0;
        for (; n < 2000; n++)
        {
            FaultPlan plan = FaultPlan.FailNth(n).At(FaultPoint.Magazine);
            NativeHeap? heap = null;
            try
            {
                heap = Heaps.Quiet(checks, faults: plan);
                for (nuint size = 16; size <= 32_768; size *= 2)
                {
                    refusals += heap.TryAllocate(size, out void* block) ? 0 : 1;
                    heap.Free(block);
                }
            }
            catch (OutOfMemoryException)
            {
                refusals++;
            }
            catch (PlatformException)
            {
                refusals++;
            }

            heap?.Dispose();
            if (plan.Injected == 0)
            {
                break;
            }
        }

        TestContext.Out.WriteLine($"{checks}: {n - 1} magazine allocations, {refusals} requests refused");
        Assert.That(n, Is.InRange(2, 1999), "magazines are fallible, and finitely many");
    }

    [Test]
    public void InitFailureOfEveryMagazine_OnSeveralThreads_ThenTheirDeath_ThenDispose()
    {
        for (long n = 1; n <= 60; n++)
        {
            FaultPlan plan = FaultPlan.FailNth(n).At(FaultPoint.Magazine);
            NativeHeap heap;
            try
            {
                heap = Heaps.Quiet(faults: plan);
            }
            catch (OutOfMemoryException)
            {
                continue;
            }

            Crew.Run(2, _ =>
            {
                nint[] blocks = new nint[300];
                for (nuint size = 16; size <= 1024; size *= 4)
                {
                    int got = heap.AllocateMany(size, blocks);
                    heap.FreeMany(blocks.AsSpan(0, got));
                }
            });
            Books.BalanceEmpty(heap, $"magazine {n}");
            heap.Dispose();
        }
    }

    [Test]
    public void InitFailureOfEveryMagazine_OfAUsersCache_ReturnsEveryId()
    {
        long n = 1;
        for (; n < 500; n++)
        {
            IdStore store = new(1000);
            FaultPlan plan = FaultPlan.FailNth(n).At(FaultPoint.Magazine);
            MagazineCache<IdStore.Source>? cache = null;
            try
            {
                cache = new(new IdStore.Source(store), new MagazineCacheOptions { Faults = plan, Reclaim = ReclaimOptions.Manual });
                List<ulong> ids = [];
                while (ids.Count < 600 && cache.TryAllocate(out ulong id))
                {
                    ids.Add(id);
                }

                Assert.That(ids.Distinct().Count(), Is.EqualTo(ids.Count));
                ids.ForEach(cache.Free);
            }
            catch (OutOfMemoryException)
            {
                // Of the constructor, or of the first use of this thread.
            }

            cache?.Dispose();
            Assert.That(store.Available, Is.EqualTo(1000), $"magazine {n}");
            Assert.That(store.WrongReturns, Is.Zero, $"magazine {n}");
            if (plan.Injected == 0)
            {
                break;
            }
        }

        Assert.That(n, Is.InRange(2, 499));
    }
}
