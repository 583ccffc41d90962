using MagAlloc.Bench.Iova.Kernel;

namespace MagAlloc.Tests.Bench.Iova;

/// <summary>The same requests to the domain and to the model of the kernel's allocator: half of them must lie below 4 GiB.</summary>
public sealed class MixedLimitTests
{
    private const int MostHeldHigh = 500;
    private const int Steps = 200_000;

    // The kernel's has been seen to refuse from three quarters on; the domain not even here.
    [TestCase(1, 16, 90)]
    [TestCase(2, 16, 90)]
    [TestCase(3, 16, 90)]
    public void InAWindowThatIsNearlyFull_TheDomainRefusesNothing_AndTheModelDoes(int seed, int windowBits, int fillPercent)
    {
        (int byDomain, int byModel, int byDomainOnly) = Refusals(seed, windowBits, fillPercent);

        Assert.That((byDomain, byDomainOnly), Is.EqualTo((0, 0)));
        Assert.That(byModel, Is.GreaterThan(0), "a workload that never comes near the edge proves nothing");
    }

    // So small that a magazine's worth of the largest size is the whole window: what is left then hangs on the order of the frees.
    [TestCase(1, 12, 75)]
    [TestCase(2, 12, 75)]
    [TestCase(3, 12, 75)]
    public void InAWindowOfOneMagazine_TheDomainRefusesFarLessThanTheModel(int seed, int windowBits, int fillPercent)
    {
        (int byDomain, int byModel, _) = Refusals(seed, windowBits, fillPercent);

        Assert.That(byDomain, Is.LessThan(byModel / 4));
    }

    private static (int ByDomain, int ByModel, int ByDomainOnly) Refusals(int seed, int windowBits, int fillPercent)
    {
        ulong granule = 1UL << (32 - windowBits);
        ulong mostHeldLow = (1UL << windowBits) * (ulong)fillPercent / 100;
        Random random = new(seed);
        using IovaDomain domain = new(granule, 1, new IovaDomainOptions { AddressBits = 48, Reclaim = ReclaimOptions.Manual });
        using KernelIovaDomain model = new(granule, 1, processors: 1, worker: false);
        List<(ulong InDomain, ulong InModel, ulong Size)>[] live = [[], []];
        ulong heldLow = 0;
        (int ByDomain, int ByModel, int ByDomainOnly) refused = default;
        for (int step = 0; step < Steps; step++)
        {
            int low = random.Next(2);
            ulong size = 1UL << random.Next(6);
            bool mayGrow = low == 1 ? heldLow + size <= mostHeldLow : live[0].Count < MostHeldHigh;
            if (mayGrow && random.Next(5) != 0)
            {
                ulong limit = low == 1 ? domain.Dma32LastPfn : domain.LastPfn;
                bool got = domain.TryAllocateFast(size, limit, flushRcache: true, out ulong inDomain);
                ulong inModel = model.AllocateFast(size, limit, flushRcache: true);
                refused.ByDomain += got ? 0 : 1;
                refused.ByModel += inModel == 0 ? 1 : 0;
                refused.ByDomainOnly += !got && inModel != 0 ? 1 : 0;

                // Both hold the same: what only one of them gave goes back.
                if (got && inModel != 0)
                {
                    live[low].Add((inDomain, inModel, size));
                    heldLow += low == 1 ? size : 0;
                }
                else if (got)
                {
                    domain.FreeFast(inDomain, size);
                }
                else if (inModel != 0)
                {
                    model.FreeFast(inModel, size);
                }
            }
            else if (live[low].Count != 0)
            {
                int index = random.Next(live[low].Count);
                (ulong inDomain, ulong inModel, ulong held) = live[low][index];
                live[low][index] = live[low][^1];
                live[low].RemoveAt(live[low].Count - 1);
                heldLow -= low == 1 ? held : 0;
                domain.FreeFast(inDomain, held);
                model.FreeFast(inModel, held);
            }
        }

        TestContext.Out.WriteLine($"seed {seed}: {Steps} steps, refused by domain, model, domain only: {refused}");
        return refused;
    }
}
